import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { runInProcess } from '../../support/cliRunner.ts';
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
