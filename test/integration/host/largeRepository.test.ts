import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectHost } from '../../../src/client/hostClient.js';
import { startHost } from '../../../src/host/bootstrap.js';
import { gitIn, GitRepository } from '../../support/gitRepository.js';

const files = 40_000;
const changed = 500;

const compose = `
name: large
providers:
  shell: {command: sh, args: [], output: {format: text}}
agents:
  dev: {provider: shell}
`;

/** A commit of so many files in 400 folders, in a second. */
async function fill(repository: GitRepository): Promise<void> {
  const parts = [
    'blob\nmark :1\ndata 6\nhello\n\ncommit refs/heads/main\ncommitter A <a@b.c> 1 +0000\ndata 5\nLarge\n',
  ];
  for (let n = 0; n < files; n++) parts.push(`M 100644 :1 src/part${n % 400}/file${n}.txt\n`);
  parts.push(`M 100644 inline agent-compose.yml\ndata ${Buffer.byteLength(compose)}\n${compose}\n`);
  const child = spawn('git', ['fast-import', '--quiet'], {
    cwd: repository.root,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(parts.join(''));
  expect((await once(child, 'exit'))[0]).toBe(0);
  await repository.git('reset', '--quiet', '--hard', 'main');
}

test(
  `${files} files: a worktree is made, reviewed, merged and taken over; one goes and comes back`,
  { timeout: 300_000 },
  async () => {
    const repository = await GitRepository.create({ empty: true });
    onTestFinished(() => repository.dispose());
    await fill(repository);
    const stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'muster-large-')));
    const host = await startHost({ stateDir, mode: 'embedded', distDir: '/nowhere' });
    const client = await connectHost({ stateDir, signal: new AbortController().signal });
    onTestFinished(async () => {
      client.dispose();
      host.shutdown('the test is over');
      await host.ended;
      rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
    });
    const waiting = { timeout: 120_000, interval: 50 };
    const get = async (threadId: string) => {
      const { thread } = await client.threads.getThread({ threadId });
      if (!thread) throw new Error('There is no such thread');
      return thread;
    };
    const dispatch = async (prompt: string): Promise<string> => {
      const { threadId } = await client.threads.dispatch({ folder: repository.root, agent: 'dev', prompt });
      await vi.waitUntil(async () => !['queued', 'working'].includes((await get(threadId)).status), waiting);
      expect((await get(threadId)).status).toBe('ready');
      return threadId;
    };
    const file = join(repository.root, 'agent-compose.yml');
    await client.projects.applyProject({ file, environment: {}, consent: true });

    const first = await dispatch(
      `for n in $(seq ${changed}); do echo changed > src/part$((n % 400))/file$n.txt; done\n`,
    );
    // What somebody works on beside it is not touched.
    writeFileSync(join(repository.root, 'src/part0/file0.txt'), 'mine\n');
    const diff = await client.threads.diffThread({ threadId: first, withPatch: true });
    expect(diff.files).toHaveLength(changed);
    expect(diff.patchTruncated).toBe(false);
    const { merge } = await client.merges.requestMerge({ threadId: first });
    const ended = await client.merges.waitMerge({ mergeId: merge?.id ?? '' });
    expect(ended.merge?.status).toBe('merged');
    const landed = await gitIn(repository.root, 'diff', '--name-only', diff.baseCommit, 'main');
    expect(landed.split('\n').toSorted()).toEqual(diff.files.map(({ path }) => path).toSorted());
    expect(await gitIn(repository.root, 'status', '--porcelain')).toBe(' M src/part0/file0.txt');

    // One stands ready by now, or will, and a thread takes it over, at the commit that has just landed. While it is brought there
    // it goes to nobody: then the next one has it.
    const takeOver = async (tries: number): Promise<{ readonly second: string; readonly spare: string }> => {
      const { path } = await vi.waitUntil(async () => {
        const { spares } = await client.worktrees.listWorktrees({ folder: repository.root });
        return spares.find(({ state }) => state === 'ready');
      }, waiting);
      const second = await dispatch('cat src/part1/file1.txt > seen.txt\n');
      return tries > 1 && existsSync(path) ? await takeOver(tries - 1) : { second, spare: path };
    };
    const { second, spare } = await takeOver(3);
    const { worktree } = await get(second);
    expect(existsSync(spare)).toBe(false);
    expect(readFileSync(join(worktree, 'seen.txt'), 'utf8')).toBe('changed\n');
    await client.worktrees.removeWorktree({ threadId: second });
    expect(existsSync(worktree)).toBe(false);
    await client.threads.restoreThread({ threadId: second });
    const restored = await get(second);
    expect(readFileSync(join(restored.worktree, 'seen.txt'), 'utf8')).toBe('changed\n');
    expect(existsSync(join(restored.worktree, 'src/part399/file39999.txt'))).toBe(true);
    await gitIn(repository.root, 'fsck', '--connectivity-only', '--no-dangling');
  },
);
