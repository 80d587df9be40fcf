import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createAgentServer } from './server.js';

/**
 * The MCP server that an agent's CLI starts: `agentMcp.js <run directory> <tools, separated by commas>`. It knows that folder
 * and nothing else: what it is asked it writes into the mailbox there, and waits for the host's answer.
 */
const [, , runDirectory = '', tools = ''] = process.argv;
const leaving = new AbortController();
const server = serveStdio(() =>
  createAgentServer({ runDirectory, tools: tools.split(',').filter(tool => tool !== ''), signal: leaving.signal }),
);

async function leave(): Promise<void> {
  if (leaving.signal.aborted) return;
  leaving.abort();
  await server.close();
}

process.stdin.on('end', () => void leave());
process.on('SIGTERM', () => void leave());
process.on('SIGINT', () => void leave());
