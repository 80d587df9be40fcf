import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../client/stateDirectory.js';
import { findAgentClis, type AgentCli } from './agentClis.js';
import type { Check } from './checks.js';

/** A model that thinks before it says a word has said it by then. */
const longestMs = 90_000;
const longestAnswer = 1024 * 1024;
const question = 'Answer with the single word pong. Use no tools.';

/** Asks each CLI for one word, which costs some tokens of each: that is what it is for. */
export async function pingClis(env: Environment, signal: AbortSignal): Promise<readonly Check[]> {
  const clis = findAgentClis(env).flatMap(cli => (cli.path === undefined ? [] : [{ ...cli, path: cli.path }]));
  // One that is no repository, and has nothing to read or change.
  const folder = mkdtempSync(join(tmpdir(), 'muster-ping-'));
  try {
    return await Promise.all(clis.map(cli => ping(cli, { env, signal, folder })));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ping(
  { title, path, pingArgs }: AgentCli & { readonly path: string },
  { env, signal, folder }: { readonly env: Environment; readonly signal: AbortSignal; readonly folder: string },
): Promise<Check> {
  const name = `${title} answers`;
  const began = performance.now();
  const options = {
    cwd: folder,
    env,
    signal,
    timeout: longestMs,
    killSignal: 'SIGKILL' as const,
    maxBuffer: longestAnswer,
  };
  const { problem, said } = await new Promise<{ readonly problem?: string; readonly said: string }>(resolve => {
    const child = execFile(path, [...pingArgs, question], options, (error, stdout, stderr) => {
      if (!error) return resolve({ said: stdout });
      const last = `${stdout}\n${stderr}`.trim().split('\n').at(-1) ?? '';
      const silent = error.killed === true ? `it said nothing within ${longestMs / 1000} s` : 'it ended with an error';
      resolve({ said: '', problem: last === '' ? silent : last.slice(0, 300) });
    });
    child.stdin?.end();
  });
  signal.throwIfAborted();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (problem !== undefined)
    return { name, status: 'fail', detail: problem, fix: `Start \`${path}\` once by hand: it says what it lacks.` };
  if (!/pong/i.test(said))
    return { name, status: 'warn', detail: `not with the word that it was asked for (${seconds} s)` };
  return { name, status: 'ok', detail: `in ${seconds} s` };
}
