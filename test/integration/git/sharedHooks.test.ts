import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sharedChangeText } from '../../../src/core/workspaces/pinnedState.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { gitIn, isolatedGitEnvironment, writeIn } from '../../support/gitRepository.js';
import { MergeFixture } from './mergeFixture.js';

describe("the person's hooks and what is kept of removed worktrees", () => {
  async function withHooks() {
    const fixture = await MergeFixture.create();
    onTestFinished(() => fixture.repository.dispose());
    const { repository, thread, worktrees } = fixture;
    const hooks = repository.path('.git', 'hooks');
    await mkdir(hooks, { recursive: true });
    const hook = (name: string): string => join(hooks, name);
    for (const name of ['pre-commit', 'pre-push'])
      await writeFile(hook(name), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
    await writeFile(hook('commit-msg.sample'), 'sample\n');
    return { fixture, repository, hooks, hook, thread, worktrees, before: await worktrees.sharedState(thread) };
  }

  test('hooks that were added, changed or removed are told and put back', async () => {
    const { hook, hooks, thread, worktrees, before } = await withHooks();
    expect(await worktrees.sharedChanges(thread, before)).toEqual([]);
    await writeFile(hook('pre-commit'), '#!/bin/sh\ncurl evil\n');
    await rm(hook('pre-push'));
    await writeFile(hook('post-merge'), '#!/bin/sh\ncurl evil\n', { mode: 0o755 });
    await writeFile(hook('commit-msg.sample'), 'other sample\n');
    const changes = await worktrees.sharedChanges(thread, before);
    expect(changes.map(sharedChangeText)).toEqual([
      `the hook ${hook('pre-commit')} was changed`,
      `the hook ${hook('pre-push')} was removed`,
      `the hook ${hook('post-merge')} was added`,
    ]);
    expect(await worktrees.undoShared(thread, changes)).toEqual([]);
    expect((await worktrees.sharedState(thread)).hooks).toEqual(before.hooks);
    expect((await stat(hook('pre-push'))).mode & 0o777).toBe(0o755);
    // What the run had put there is not lost, and git does not run it.
    const aside = (await readdir(hooks)).filter(name => name.includes('set-aside'));
    expect(aside).toEqual([
      expect.stringMatching(/^post-merge\.set-aside-\d+\.sample$/),
      expect.stringMatching(/^pre-commit\.set-aside-\d+\.sample$/),
    ]);
    expect(await worktrees.undoShared(thread, changes)).toEqual([]);
  });

  test("hooks of the checkout's own folder are told and put back, and of a folder elsewhere nothing is read but hooks", async () => {
    const { fixture, repository, thread, worktrees } = await withHooks();
    await repository.git('config', 'core.hooksPath', '.husky/_');
    await writeIn(repository.root, '.husky/_/pre-commit', '#!/bin/sh\necho mine\n');
    const before = await worktrees.sharedState(thread);
    expect(await worktrees.sharedChanges(thread, before)).toEqual([]);
    await writeIn(repository.root, '.husky/_/pre-commit', '#!/bin/sh\ncurl evil\n');
    await writeIn(repository.root, '.husky/_/post-merge', '#!/bin/sh\ncurl evil\n');
    // Another setting meanwhile does not hide what was done where it led before.
    await repository.git('config', 'core.hooksPath', '/somewhere');
    const changes = await worktrees.sharedChanges(thread, before);
    const hook = (name: string): string => repository.path('.husky', '_', name);
    expect(changes.map(sharedChangeText)).toEqual([
      'the setting core.hookspath was changed',
      `the hook ${hook('pre-commit')} was changed`,
      `the hook ${hook('post-merge')} was added`,
    ]);
    expect(await worktrees.undoShared(thread, changes)).toEqual([]);
    expect(await readFile(hook('pre-commit'), 'utf8')).toBe('#!/bin/sh\necho mine\n');
    expect(await repository.git('config', 'core.hooksPath')).toBe('.husky/_');
    const secret = join(fixture.repository.folder, 'private');
    await writeIn(secret, 'key', 'secret\n');
    await symlink(secret, repository.path('linked'));
    for (const folder of [secret, '../private', 'linked', 'linked/../../private']) {
      await repository.git('config', 'core.hooksPath', folder);
      expect(JSON.stringify(await worktrees.sharedState(thread))).not.toContain(join('private', 'key'));
      expect(await worktrees.sharedState(thread)).not.toHaveProperty('hooksFolder');
    }
  });

  test("hooks of a folder elsewhere are told and put back, also where the person's own settings name it", async () => {
    const { fixture, repository, thread, worktrees } = await withHooks();
    const folder = join(fixture.repository.folder, 'my hooks');
    const settings = join(fixture.repository.folder, 'settings');
    await writeIn(fixture.repository.folder, 'settings', '');
    const environment = { ...isolatedGitEnvironment, GIT_CONFIG_GLOBAL: settings };
    const own = createGitWorktreeDriver({ ...fixture.options, environment });
    const told = async (driver: typeof own): Promise<readonly string[]> => {
      await writeIn(folder, 'pre-commit', '#!/bin/sh\necho mine\n');
      await rm(join(folder, 'post-merge'), { force: true });
      const before = await driver.sharedState(thread);
      await writeIn(folder, 'pre-commit', '#!/bin/sh\ncurl evil\n');
      await writeIn(folder, 'post-merge', '#!/bin/sh\ncurl evil\n');
      await writeIn(folder, 'notes', 'changed\n');
      const changes = await driver.sharedChanges(thread, before);
      expect(await driver.undoShared(thread, changes)).toEqual([]);
      if (changes.length > 0) expect(await readFile(join(folder, 'pre-commit'), 'utf8')).toContain('mine');
      return changes.map(sharedChangeText);
    };
    const both = [
      `the hook ${join(folder, 'pre-commit')} was changed`,
      `the hook ${join(folder, 'post-merge')} was added`,
    ];
    expect(await told(own)).toEqual([]);
    await writeFile(settings, `[core]\nhooksPath = "${folder}"\n`);
    expect(await told(own)).toEqual(both);
    expect(await told(worktrees)).toEqual([]);
    await repository.git('config', 'include.path', settings);
    expect(await told(worktrees)).toEqual(both);
    await repository.git('config', '--unset', 'include.path');
    await repository.git('config', 'core.hooksPath', '.git/hooks');
    expect(await told(own)).toEqual([]);
  });

  test('a hook that only became executable is told', async () => {
    const { hook, thread, worktrees, before } = await withHooks();
    await chmod(hook('pre-push'), 0o600);
    const changes = await worktrees.sharedChanges(thread, before);
    expect(changes.map(sharedChangeText)).toEqual([`the hook ${hook('pre-push')} was changed`]);
    expect(await worktrees.undoShared(thread, changes)).toEqual([]);
    expect((await stat(hook('pre-push'))).mode & 0o777).toBe(0o755);
  });

  test('one that somebody changed again since stays', async () => {
    const { hook, thread, worktrees, before } = await withHooks();
    await writeFile(hook('pre-commit'), 'by the run\n');
    const changes = await worktrees.sharedChanges(thread, before);
    await writeFile(hook('pre-commit'), 'by the person\n');
    expect(await worktrees.undoShared(thread, changes)).toEqual(changes);
    expect(await readFile(hook('pre-commit'), 'utf8')).toBe('by the person\n');
  });

  test('a link in the place of the folder, or of a hook, leads nobody to other files', async () => {
    const { fixture, hook, hooks, thread, worktrees } = await withHooks();
    const secret = join(fixture.repository.folder, 'private');
    await mkdir(secret);
    await writeFile(join(secret, 'key'), 'secret\n');
    await symlink(join(secret, 'key'), hook('update'));
    const { hooks: linked } = await worktrees.sharedState(thread);
    expect(linked?.find(({ path }) => path === hook('update'))).not.toHaveProperty('content');
    await rm(hooks, { recursive: true });
    await symlink(secret, hooks);
    expect((await worktrees.sharedState(thread)).hooks).toEqual([]);
    expect(JSON.stringify(await worktrees.sharedState(thread))).not.toContain(
      Buffer.from('secret').toString('base64').slice(0, 7),
    );
  });

  test('kept work whose ref is gone or was moved is told and put back, loose or packed', async () => {
    const { fixture, repository, thread, worktrees } = await withHooks();
    const at = await repository.commitOf('HEAD');
    await repository.git('update-ref', 'refs/muster/rescue/one-1', at);
    await repository.git('pack-refs', '--all');
    await repository.git('update-ref', 'refs/muster/rescue/two-2', at);
    const before = await worktrees.sharedState(thread);
    await gitIn(thread.path, 'update-ref', '-d', 'refs/muster/rescue/one-1');
    await gitIn(thread.path, 'update-ref', 'refs/muster/rescue/two-2', fixture.reviewed);
    const changes = await worktrees.sharedChanges(thread, before);
    expect(changes.map(sharedChangeText)).toEqual(['the kept work one-1 was deleted', 'the kept work two-2 was moved']);
    expect(await worktrees.undoShared(thread, changes)).toEqual([]);
    expect(await repository.commitOf('refs/muster/rescue/one-1')).toBe(at);
    expect(await repository.commitOf('refs/muster/rescue/two-2')).toBe(at);
  });

  test('so is everything else that Muster keeps as a ref', async () => {
    const { fixture, repository, thread, worktrees } = await withHooks();
    const at = await repository.commitOf('HEAD');
    const kept = ['aside/run1', 'carried/abc', 'checkout/def', 'submodules/fed', 'undone/u1'];
    for (const name of kept) await repository.git('update-ref', `refs/muster/${name}`, at);
    // What the host brings home from a container passes by.
    await repository.git('update-ref', 'refs/muster/guest/task', at);
    const before = await worktrees.sharedState(thread);
    for (const name of [...kept, 'guest/task']) await gitIn(thread.path, 'update-ref', '-d', `refs/muster/${name}`);
    await gitIn(thread.path, 'update-ref', 'refs/muster/aside/run1', fixture.reviewed);
    const changes = await worktrees.sharedChanges(thread, before);
    expect(changes.map(sharedChangeText)).toEqual([
      'what is kept as refs/muster/aside/run1 was moved',
      ...kept.slice(1).map(name => `what is kept as refs/muster/${name} was deleted`),
    ]);
    expect(await worktrees.undoShared(thread, changes)).toEqual([]);
    for (const name of kept) expect(await repository.commitOf(`refs/muster/${name}`)).toBe(at);
  });
});
