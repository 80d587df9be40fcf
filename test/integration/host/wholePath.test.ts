import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectHost, type HostClient } from '../../../src/client/hostClient.js';
import { startHost, type Host } from '../../../src/host/bootstrap.js';
import { testRepository } from '../../support/hostProcess.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const never = new AbortController().signal;

interface Served {
  readonly host: Host;
  readonly client: HostClient;
}

async function serve(stateDir: string): Promise<Served> {
  const host = await startHost({ stateDir, mode: 'embedded', distDir: '/nowhere' });
  const client = await connectHost({ stateDir, signal: never });
  onTestFinished(async () => {
    client.dispose();
    host.shutdown('the test is over');
    await host.ended;
  });
  return { host, client };
}

/** A repository with an agent that is this shell script. */
function repositoryWith(script: string): string {
  const compose = {
    agents: { dev: { provider: 'mine' } },
    providers: { mine: { command: 'sh', args: ['-c', script] } },
  };
  const folder = testRepository({ 'agent-compose.yml': JSON.stringify(compose) });
  for (const [name, value] of Object.entries({ name: 'Test', email: 'test@example.com' }))
    execFileSync('git', ['config', `user.${name}`, value], { cwd: folder });
  return folder;
}

async function dispatch({ client }: Served, folder: string, threadId = '') {
  const { threadId: id, runId } = await client.threads.dispatch({ folder, agent: 'dev', prompt: 'Do it', threadId });
  return { threadId: id, runId };
}

async function ended({ client }: Served, runId: string): Promise<string> {
  const status = async (): Promise<string> => (await client.runs.getRun({ runId })).run?.status ?? '';
  await expect.poll(status, { timeout: 60_000 }).toMatch(/succeeded|failed|cancelled|timed_out|lost/);
  return await status();
}

async function merged({ client }: Served, threadId: string) {
  const { merge } = await client.merges.requestMerge({ threadId });
  return (await client.merges.waitMerge({ mergeId: merge?.id ?? '' })).merge;
}

test('a merged thread whose worktree was removed goes on in a new one that has the merged work', async () => {
  const served = await serve(tempDirectory());
  const folder = repositoryWith('echo more >> work.txt');
  await served.client.projects.applyProject({ file: join(folder, 'agent-compose.yml'), consent: true });
  const first = await dispatch(served, folder);
  expect(await ended(served, first.runId)).toBe('succeeded');
  expect(await merged(served, first.threadId)).toMatchObject({ status: 'merged' });
  expect(await merged(served, first.threadId)).toMatchObject({ status: 'merged', message: 'It was merged already.' });
  await served.client.worktrees.removeWorktree({ threadId: first.threadId });
  const next = await dispatch(served, folder, first.threadId);
  expect(await ended(served, next.runId)).toBe('succeeded');
  expect(await merged(served, first.threadId)).toMatchObject({ status: 'merged' });
  expect(readFileSync(join(folder, 'work.txt'), 'utf8')).toBe('more\nmore\n');
});

test('what an agent left in the background is gone before its work is kept', async () => {
  const served = await serve(tempDirectory());
  const pidFile = join(tempDirectory(), 'pid');
  const folder = repositoryWith(`(while :; do date > busy.txt; sleep 0.01; done) & echo $! > ${pidFile}`);
  await served.client.projects.applyProject({ file: join(folder, 'agent-compose.yml'), consent: true });
  const { threadId, runId } = await dispatch(served, folder);
  expect(await ended(served, runId)).toBe('succeeded');
  expect(await merged(served, threadId)).toMatchObject({ status: 'merged' });
  expect(isAlive(readFileSync(pidFile, 'utf8').trim())).toBe(false);
});

test('a host that ends while an agent works leaves it to the next one in the same process', async () => {
  const stateDir = tempDirectory();
  const first = await serve(stateDir);
  const gate = join(tempDirectory(), 'gate');
  const folder = repositoryWith(`until [ -e ${gate} ]; do sleep 0.02; done; echo done > work.txt; echo finished`);
  await first.client.projects.applyProject({ file: join(folder, 'agent-compose.yml'), consent: true });
  const { runId, threadId } = await dispatch(first, folder);
  first.host.shutdown('handing over');
  await first.host.ended;
  const next = await serve(stateDir);
  writeFileSync(gate, '');
  expect(await ended(next, runId)).toBe('succeeded');
  const { runs } = await next.client.runs.listRuns({ threadId });
  expect(runs.map(({ status, answer }) => ({ status, answer: answer.trim() }))).toEqual([
    { status: 'succeeded', answer: 'finished' },
  ]);
});

/** A zombie that nobody has looked at yet is dead. */
function isAlive(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
