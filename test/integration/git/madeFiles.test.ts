import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { gitIn, GitRepository, isolatedGitEnvironment, writeIn } from '../../support/gitRepository.js';
import { Rescuer } from '../../support/rescuer.js';

const signal = new AbortController().signal;

/** A worktree in which a hook linked dependencies and made a file and a folder before anybody worked there. */
async function open() {
  const repository = await GitRepository.create();
  onTestFinished(() => repository.dispose());
  const script =
    'ln -s /usr/lib node_modules; echo made > made.txt; mkdir out; echo out > out/a.txt; echo x > README.md';
  await repository.hook('post-checkout', script);
  const options = {
    stateDir: join(repository.folder, 'state'),
    clock: createNodeClock(),
    log: silentLog,
    environment: isolatedGitEnvironment,
  };
  const driver = createGitWorktreeDriver(options);
  const ref = { repository: repository.root, path: join(repository.folder, 'w', 'task'), branch: 'muster/task-abc123' };
  const { baseCommit, commonDir, registeredAs } = await driver.create({ ...ref, fetch: 'never' }, signal);
  const rescuer = new Rescuer(createGitRescueDriver(options));
  return { driver, rescuer, baseCommit, ref: { ...ref, commonDir, registeredAs } };
}

test('what a hook made in a new worktree is not its agent’s work, as long as that leaves it alone', async () => {
  const { driver, ref, baseCommit } = await open();
  const shown = async () => (await driver.changes(ref, baseCommit)).map(({ path }) => path);
  // A tracked file that a hook changes is a change like any other.
  expect(await shown()).toEqual(['README.md']);
  await writeIn(ref.path, 'out/mine.txt', 'mine\n');
  await writeIn(ref.path, 'made.txt', 'changed by the agent\n');
  expect(await shown()).toEqual(['README.md', 'made.txt', 'out/mine.txt']);
  expect((await driver.state(ref, 'main')).dirty.toSorted()).toEqual(['README.md', 'made.txt', 'out/mine.txt']);
  const { head } = await driver.snapshot(ref, 'Work');
  expect(await gitIn(ref.path, 'diff', '--name-only', baseCommit, head)).toBe('README.md\nmade.txt\nout/mine.txt');
  expect(await driver.snapshot(ref, 'Again')).toMatchObject({ committed: false });
  expect((await lstat(join(ref.path, 'node_modules'))).isSymbolicLink()).toBe(true);
});

test('it is put away and comes back with the rest, and is still nobody’s work', async () => {
  const { driver, rescuer, ref } = await open();
  await writeIn(ref.path, 'mine.txt', 'mine\n');
  const rescue = await rescuer.remove(ref);
  await rescuer.restore(rescue, ref);
  expect(await readlink(join(ref.path, 'node_modules'))).toBe('/usr/lib');
  expect(await readFile(join(ref.path, 'out/a.txt'), 'utf8')).toBe('out\n');
  expect((await driver.state(ref, 'main')).dirty.toSorted()).toEqual(['README.md', 'mine.txt']);
});
