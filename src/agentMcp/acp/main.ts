import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ndJsonStream } from '@agentclientprotocol/sdk';
import { workingFolder } from '../../node/person.js';
import { converse, type AcpSettings } from './converse.js';
import { readTotals } from './totals.js';

/**
 * The client of an agent that speaks the Agent Client Protocol: `acpClient.js <run directory> <command of the agent…>`. It gives the agent
 * its one task (standard input), writes what the agent does to standard output, a line of JSON for each thing, and carries its questions
 * to the run's mailbox. It lives as long as the run, so a question outlives the host.
 */
const [, , runDirectory = '', command = '', ...args] = process.argv;
const settings: AcpSettings = JSON.parse(readFileSync(join(runDirectory, 'acp.json'), 'utf8'));
const prompt = await text(process.stdin);

// It was for this program alone, which may be run by an editor's own Node.
const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
const agent = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
const leaving = new AbortController();
const closed = new Promise<void>(resolve => agent.once('close', () => resolve()));
let stopped = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    stopped = true;
    leaving.abort();
  });
agent.on('error', error => {
  say({ acp: 'error', message: error.message });
  leaving.abort();
});
agent.on('exit', () => leaving.abort());

/** An agent that ignores the end of its input gets this long. */
const graceMs = 2_000;

let conversation: string | undefined;

function say(line: Readonly<Record<string, unknown>>): void {
  if (line['acp'] === 'session' && typeof line['id'] === 'string') conversation = line['id'];
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const succeeded = await converse({
  // Both are streams of bytes; the types of Node and of the web differ in name only.
  stream: ndJsonStream(Writable.toWeb(agent.stdin), Readable.toWeb(agent.stdout)),
  settings,
  prompt,
  cwd: workingFolder(),
  runDirectory,
  say,
  signal: leaving.signal,
});
process.exitCode = succeeded ? 0 : 1;
agent.stdin.end();
const timer = setTimeout(() => agent.kill('SIGKILL'), graceMs);
agent.kill('SIGTERM');
await closed;
clearTimeout(timer);
if (!stopped && settings.totals && conversation !== undefined) {
  const said = await readTotals(settings.totals, { conversation, command, env });
  if (said) say({ acp: 'totals', said });
}
