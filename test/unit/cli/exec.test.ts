import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { runInProcess } from '../../support/cliRunner.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { wireHostWith } from '../../support/wireHostWith.ts';

test('exec in a worktree that somebody deleted names the thread and the way back', async () => {
  const stateDir = await wireHostWith(router =>
    router.service(ThreadService, {
      getThread: () => ({ thread: { id: '5aaaaaaaaaaa', status: 'ready', worktree: join('/nowhere', 'gone') } }),
    }),
  );
  const { status, stderr } = await runInProcess(['exec', '5aaaaaaaaaaa', '--', 'true'], { stateDir });
  expect(status).not.toBe(0);
  expect(stderr).toContain('The worktree of thread 5aaaaaaaaaaa');
  expect(stderr).toContain('muster restore 5aaaaaaaaaaa');
});

test('exec keeps to the worktree, also where a link in it leads elsewhere', async () => {
  const folder = tempDirectory();
  const worktree = join(folder, 'worktree');
  mkdirSync(join(worktree, 'src'), { recursive: true });
  mkdirSync(join(folder, 'outside'));
  symlinkSync(join(folder, 'outside'), join(worktree, 'link'));
  const stateDir = await wireHostWith(router =>
    router.service(ThreadService, {
      getThread: () => ({ thread: { id: '5aaaaaaaaaaa', status: 'ready', worktree } }),
    }),
  );
  for (const cwd of ['../outside', join(folder, 'outside'), 'link', 'src/../..']) {
    const { status, stderr } = await runInProcess(['exec', '5aaaaaaaaaaa', '--cwd', cwd, '--', 'pwd'], { stateDir });
    expect([status, stderr], cwd).toEqual([2, expect.stringContaining('is not inside the worktree of thread')]);
  }
});
