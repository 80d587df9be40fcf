import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HostClient } from '../../src/client/hostClient.js';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const compose = [
  'name: windows',
  'limits: {concurrency: 20}',
  'providers:',
  '  sh: {command: sh, args: [-c, "cat > task-$MUSTER_RUN_ID.txt"], output: {format: text}, permissions: auto}',
  '  gate: {command: sh, args: [-c, "until [ -e ../../../open ]; do sleep 0.05; done"], output: {format: text}, permissions: auto}',
  'agents: {dev: {provider: sh}, waits: {provider: gate}}',
  '',
].join('\n');

function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
}

/** Two windows on one repository: two connections to the one host of this home. */
async function twoWindows() {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': compose });
  const file = join(repository, 'agent-compose.yml');
  const [left, right] = await Promise.all([home.connect(), home.connect()]);
  await left.projects.applyProject({ file, consent: true });
  return { home, repository, file, left, right };
}

/** The thread once it has the status, as the feed tells it. */
async function threadIs(client: HostClient, threadId: string, status: string): Promise<void> {
  for await (const { update } of client.events.watch({}, { signal: AbortSignal.timeout(60_000) })) {
    if (update.case !== 'snapshot' && update.case !== 'changes') continue;
    if (update.value.threads.some(thread => thread.id === threadId && thread.status === status)) return;
  }
}

describe('two windows on one repository', () => {
  it('dispatch twenty tasks at once: each has a worktree, a branch and its file; all merge', async () => {
    const { repository, left, right } = await twoWindows();
    const dispatched = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 === 0 ? left : right).threads.dispatch({ folder: repository, agent: 'dev', prompt: `Task ${n}` }),
      ),
    );
    await Promise.all(dispatched.map(({ threadId }) => threadIs(left, threadId, 'ready')));
    const threads = await Promise.all(
      dispatched.map(async ({ threadId, runId }, n) => {
        const { thread } = await right.threads.getThread({ threadId });
        expect(readFileSync(join(thread?.worktree ?? '', `task-${runId}.txt`), 'utf8')).toBe(`Task ${n}`);
        return thread;
      }),
    );
    expect(new Set(threads.map(thread => thread?.branch)).size).toBe(20);
    const merges = await Promise.all(
      dispatched.map(async ({ threadId }, n) => {
        const client = n % 2 === 0 ? left : right;
        const { merge } = await client.merges.requestMerge({ threadId });
        return (await client.merges.waitMerge({ mergeId: merge?.id ?? '' })).merge;
      }),
    );
    expect(merges.map(merge => `${merge?.status} ${merge?.message}`)).toEqual(
      Array.from({ length: 20 }, () => 'merged '),
    );
    for (const { runId } of dispatched) expect(existsSync(join(repository, `task-${runId}.txt`))).toBe(true);
    expect(git(repository, 'status', '--porcelain')).toBe('');
  });

  it('merge one thread twice at once: it lands once', async () => {
    const { repository, left, right } = await twoWindows();
    const { threadId } = await left.threads.dispatch({ folder: repository, agent: 'dev', prompt: 'Once' });
    await threadIs(left, threadId, 'ready');
    const before = Number(git(repository, 'rev-list', '--count', '--first-parent', 'main'));
    const ended = await Promise.all(
      [left, right].map(async client => {
        const { merge } = await client.merges.requestMerge({ threadId });
        return (await client.merges.waitMerge({ mergeId: merge?.id ?? '' })).merge?.status;
      }),
    );
    expect(ended).toContain('merged');
    expect(Number(git(repository, 'rev-list', '--count', '--first-parent', 'main'))).toBe(before + 1);
  });

  it('send the same dispatch twice, as after a lost answer: it is one', async () => {
    const { repository, left, right } = await twoWindows();
    const request = { folder: repository, agent: 'dev', prompt: 'Once', idempotencyKey: 'the-same' };
    const [one, other] = await Promise.all([left.threads.dispatch(request), right.threads.dispatch(request)]);
    expect(other).toMatchObject({ threadId: one.threadId, runId: one.runId });
  });

  it('apply different files at once: the second learns of the first', async () => {
    const { file, left, right } = await twoWindows();
    const { project } = await left.projects.getProject({ project: 'windows' });
    const seen = project?.specHash ?? '';
    appendFileSync(file, 'variables: {APP_A: one}\n');
    await left.projects.applyProject({ file, expectedSpecHash: seen });
    writeFileSync(file, `${compose}variables: {APP_A: two}\n`);
    await expect(right.projects.applyProject({ file, expectedSpecHash: seen })).rejects.toMatchObject({
      code: 'project.conflict',
    });
  });

  it('give consent to the file as it was shown, not to what was written since', async () => {
    const { home, repository, file } = await twoWindows();
    const client = await home.connect();
    const ask = (text: string, more = {}) => {
      writeFileSync(file, text);
      return client.projects.applyProject({ file, ...more });
    };
    const question = await ask(compose.replace('cat >', 'tee'), {}).catch((error: unknown) => error);
    expect(question).toMatchObject({ code: 'consent.required', data: { specHash: expect.stringMatching(/^sha256:/) } });
    const submittedSpecHash = (question as { data: { specHash: string } }).data.specHash;
    const swapped = ask(compose.replace('cat >', 'rm -rf'), { consent: true, submittedSpecHash });
    await expect(swapped).rejects.toMatchObject({ code: 'project.conflict' });
    expect((await client.projects.getProject({ folder: repository })).project?.revision).toBe(1);
    const agreed = await ask(compose.replace('cat >', 'tee'), { consent: true, submittedSpecHash });
    expect(agreed.project?.revision).toBe(2);
  });

  it('refuse an agent that tries to merge its own work', async () => {
    const { repository, file, left } = await twoWindows();
    const script = `${process.execPath} ${programs.cli} merge $(basename $(dirname $PWD)) 2>&1; true`;
    writeFileSync(file, compose.replace('cat > task-$MUSTER_RUN_ID.txt', script));
    await left.projects.applyProject({ file, consent: true });
    const { threadId } = await left.threads.dispatch({ folder: repository, agent: 'dev', prompt: 'Merge yourself' });
    await threadIs(left, threadId, 'ready');
    const { thread, merges } = await left.threads.getThread({ threadId });
    expect(merges).toEqual([]);
    expect(thread?.latestRun?.answer).toMatch(/RequestMerge.*only a person may do this/);
  });

  it('refuse to merge or approve what an agent is still at work on', async () => {
    const { home, repository, left } = await twoWindows();
    const { threadId } = await left.threads.dispatch({ folder: repository, agent: 'waits', prompt: 'Wait' });
    await threadIs(left, threadId, 'working');
    await expect(left.merges.requestMerge({ threadId })).rejects.toMatchObject({ code: 'thread.busy' });
    await expect(left.threads.approveThread({ threadId })).rejects.toMatchObject({ code: 'thread.busy' });
    writeFileSync(join(home.stateDir, 'open'), '');
    await threadIs(left, threadId, 'ready');
  });

  it('block a merge of something else than what was reviewed', async () => {
    const { repository, left, right } = await twoWindows();
    const { threadId } = await left.threads.dispatch({ folder: repository, agent: 'dev', prompt: 'Review me' });
    await threadIs(left, threadId, 'ready');
    const { thread } = await left.threads.getThread({ threadId });
    writeFileSync(join(thread?.worktree ?? '', 'README.md'), 'Edited in the other window after the review.\n');
    const { merge } = await right.merges.requestMerge({ threadId, expect: thread?.head ?? '' });
    const { merge: ended } = await right.merges.waitMerge({ mergeId: merge?.id ?? '' });
    expect(ended).toMatchObject({ status: 'blocked', reason: 'changed_since_review', files: ['README.md'] });
    expect(readFileSync(join(thread?.worktree ?? '', 'README.md'), 'utf8')).toContain('Edited in the other window');
  });
});
