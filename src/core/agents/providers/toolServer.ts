import type { AgentTool } from '../../mail/mailbox.js';
import type { AgentToolServer, CommandRequest } from '../provider.js';

/** What agents see the agent-side MCP server as. */
export const toolServerName = 'muster';
/** As long as a person may take to answer; some CLIs give a tool a minute otherwise. */
export const toolTimeoutMs = 86_400_000;

/** The tools that an agent calls of its own accord; `permission` is called by its CLI. */
export function callable({ tools }: AgentToolServer): readonly AgentTool[] {
  return tools.filter(tool => tool !== 'permission');
}

const fileName = 'mcp.json';

/** The file that many CLIs take for a list of MCP servers. */
export function toolServerFile(request: CommandRequest): {
  readonly path: string;
  readonly files: Record<string, string>;
} {
  const { tools: server, runDir } = request;
  if (server === undefined) return { path: '', files: {} };
  const { command, args, env } = server;
  const text = JSON.stringify({ mcpServers: { [toolServerName]: { type: 'stdio', command, args, env } } });
  return { path: `${runDir}/${fileName}`, files: { [fileName]: text } };
}
