import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { commitIn, gitIn, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

const fileTransport = ['-c', 'protocol.file.allow=always'];

async function upstream(path: string): Promise<string> {
  await mkdir(path);
  await gitIn(path, 'init', '--quiet', '--initial-branch=main');
  await gitIn(path, 'config', 'user.name', 'Ada Person');
  await gitIn(path, 'config', 'user.email', 'ada@example.com');
  await commitIn(path, { 'lib.txt': 'one\n', '.gitignore': '*.log\n' });
  return path;
}

/** A thread's worktree with a submodule `lib`, and one `inner` in that. */
async function open({ onTestFinished }: TestContext): Promise<{ readonly merge: MergeFixture; readonly lib: string }> {
  const merge = await MergeFixture.create();
  onTestFinished(() => merge.repository.dispose());
  const outer = await upstream(merge.path('upstream'));
  await gitIn(outer, ...fileTransport, 'submodule', '--quiet', 'add', await upstream(merge.path('inner')), 'inner');
  await gitIn(outer, 'commit', '--quiet', '-m', 'Add inner');
  const { path } = merge.thread;
  await gitIn(path, ...fileTransport, 'submodule', '--quiet', 'add', outer, 'lib');
  await gitIn(path, ...fileTransport, 'submodule', '--quiet', 'update', '--init', '--recursive');
  return { merge, lib: join(path, 'lib') };
}

test('work in submodules, and in submodules of those, is named until it is committed there', async context => {
  const { merge, lib } = await open(context);
  const look = (): Promise<readonly string[]> => merge.worktrees.submodulesWithWork(merge.thread);
  await merge.worktrees.snapshot(merge.thread, 'Add lib');
  expect(await look()).toEqual([]);
  await writeIn(lib, 'debug.log', 'ignored\n');
  expect(await look()).toEqual([]);
  await writeIn(lib, 'lib.txt', 'two\n');
  expect(await look()).toEqual(['lib']);
  await gitIn(lib, 'add', '--all');
  expect(await look()).toEqual(['lib']);
  await gitIn(lib, 'reset', '--quiet', '--hard');
  expect(await look()).toEqual([]);
  await writeIn(join(lib, 'inner'), 'new.txt', 'new\n');
  expect(await look()).toEqual(['lib/inner']);
  expect(await merge.worktrees.snapshot(merge.thread, 'Work')).toMatchObject({ committed: false });
});

test('nothing that an agent wrote into a submodule’s configuration runs', async context => {
  const { merge, lib } = await open(context);
  await merge.worktrees.snapshot(merge.thread, 'Add lib');
  const trap = merge.path('trap.sh');
  await writeFile(trap, `#!/bin/sh\ntouch ${merge.path('sprung')}\ncat\n`);
  await chmod(trap, 0o755);
  await gitIn(lib, 'config', 'filter.trap.clean', trap);
  await gitIn(lib, 'config', 'core.fsmonitor', trap);
  await writeIn(lib, '.gitattributes', '*.txt filter=trap\n');
  await writeIn(lib, 'lib.txt', 'two\n');
  expect(await merge.worktrees.submodulesWithWork(merge.thread)).toEqual(['lib']);
  expect(existsSync(merge.path('sprung'))).toBe(false);
});
