import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parsePatch, patchOfHunks } from '../../../src/core/reviews/patch.ts';
import { AllChanges, type AllChangesOptions } from '../../../src/core/reviews/allChanges.ts';
import { ChangesService } from '../../../src/core/reviews/changesService.ts';
import { StagingService } from '../../../src/core/reviews/stagingService.ts';
import { coreHost, coreWorld, finishRun, sha256 } from '../../support/coreHost.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

describe('what of a thread was looked at', () => {
  test('is remembered piece by piece, and only what changed is to be looked at again', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    await finishRun(world, task, 'two\n');
    const { id } = task.thread;
    await host.settler.settled(id);
    const changes = new ChangesService({
      ...world,
      settler: host.settler,
      driver: world.worktrees,
      digestText: sha256,
    });
    const [file] = (await changes.list(id)).files;
    const hunks = file?.hunks ?? [];
    expect(hunks.map(({ reviewed }) => reviewed)).toEqual([false]);
    changes.setReviewed(
      id,
      hunks.map(({ key }) => key),
      true,
    );
    expect((await changes.list(id)).files[0]?.hunks[0]?.reviewed).toBe(true);
    const next = await host.dispatch({ thread: id });
    await finishRun(world, next, 'three\n');
    await host.settler.settled(id);
    expect((await changes.list(id)).files[0]?.hunks[0]?.reviewed).toBe(false);
    await finishRun(world, await host.dispatch({ thread: id }), 'two\n');
    await host.settler.settled(id);
    expect((await changes.list(id)).files[0]?.hunks[0]?.reviewed).toBe(true);
  });

  test('is remembered of any number of pieces at once', async () => {
    const world = coreWorld();
    const { id } = (await coreHost(world).dispatch()).thread;
    const hunks = Array.from({ length: 200_000 }, (_, index) => index.toString(16).padStart(24, '0'));
    const marked: (readonly string[])[] = [];
    const changes: AllChangesOptions['changes'] = {
      setReviewed: (_, keys) => void marked.push(keys),
      list: () => Promise.reject(new Error('Nobody looks')),
      takeBack: () => Promise.reject(new Error('Nobody takes back')),
    };
    // By the square of their number it would take minutes, in which the host answers nobody.
    new AllChanges({ store: world.store, changes }).setReviewed(id, hunks, true);
    expect(marked).toEqual([hunks]);
  });

  test('a second look knows what the first one saw', async () => {
    const world = coreWorld();
    const host = coreHost(world);
    const task = await host.dispatch();
    await finishRun(world, task, 'two\n');
    const first = await host.reviews.show(task.thread.id);
    expect(first.earlier).toBeUndefined();
    await finishRun(world, await host.dispatch({ thread: task.thread.id }), 'three\n');
    const second = await host.reviews.show(task.thread.id);
    expect(second.earlier).toBe(first.view.thread.head);
    expect((await host.reviews.show(task.thread.id)).earlier).toBe(first.view.thread.head);
    const changes = new ChangesService({
      ...world,
      settler: host.settler,
      driver: world.worktrees,
      digestText: sha256,
    });
    const since = await changes.list(task.thread.id, { earlier: second.earlier });
    expect(since.baseCommit).toBe(first.view.thread.head);
  });
});

test('a file is taken back as a commit, which counts as seen by who had seen the rest', async () => {
  const world = coreWorld();
  const host = coreHost(world);
  const task = await host.dispatch();
  await finishRun(world, task, 'two\n');
  const { id } = task.thread;
  const { view } = await host.reviews.show(id);
  const changes = new ChangesService({ ...world, settler: host.settler, driver: world.worktrees, digestText: sha256 });
  const [file] = (await changes.list(id)).files;
  const keys = file?.hunks.map(({ key }) => key) ?? [];
  const head = await changes.takeBack(id, keys);
  const after = await host.threads.get(id);
  expect(after.thread).toMatchObject({ head, filesChanged: 0 });
  expect(after.shown?.commit).toBe(head);
  expect(world.git.history(head)).toContain(view.thread.head);
  await expect(changes.takeBack(id, keys)).rejects.toMatchObject({ code: 'request.invalid' });
});

describe('hunks of real git', () => {
  test('lead back to the file as it was, for every way in which lines can change', () => {
    const folder = tempDirectory('muster-hunks');
    const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
    git('init', '-q');
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);
    const cases: Readonly<Record<string, readonly string[]>> = {
      'first': ['new', ...lines],
      'last': [...lines, 'new'],
      'removed first': lines.slice(2),
      'removed last': lines.slice(0, -2),
      'middle ä': lines.with(14, 'other'),
      'two near': lines.with(10, 'x').toSpliced(13, 1),
      'all': ['nothing', 'left'],
      'emptied': [],
    };
    for (const name of Object.keys(cases)) writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
    writeFileSync(join(folder, 'deleted'), 'a\nb\n');
    git('add', '-A');
    git('-c', 'user.name=a', '-c', 'user.email=a@a', 'commit', '-qm', 'one');
    for (const [name, text] of Object.entries(cases)) {
      writeFileSync(join(folder, name), text.map(line => `${line}\n`).join(''));
    }
    rmSync(join(folder, 'deleted'));
    const files = parsePatch(git('-c', 'core.quotePath=true', 'diff', 'HEAD'));
    expect(files.map(({ path }) => path).toSorted()).toEqual([...Object.keys(cases), 'deleted'].toSorted());
    for (const { path, hunks } of files.filter(each => each.path !== 'deleted')) {
      let now = readFileSync(join(folder, path), 'utf8').split('\n').slice(0, -1);
      for (const { newStart, newLines, lines: changed } of hunks.toReversed()) {
        const old = changed.filter(line => line.startsWith('-')).map(line => line.slice(1));
        now = now.toSpliced(newLines === 0 ? newStart : newStart - 1, newLines, ...old);
      }
      expect([path, now]).toEqual([path, lines]);
    }
    // The same by git itself, piece by piece, with names that need quoting.
    for (const { path, hunks } of files.filter(each => each.path !== 'deleted')) {
      for (const hunk of hunks.toReversed()) {
        const args = ['apply', '--reverse', '--unidiff-zero', '--whitespace=nowarn', '-'];
        execFileSync('git', args, { cwd: folder, input: patchOfHunks(path, [hunk]) });
      }
    }
    expect(git('-c', 'core.quotePath=true', 'diff', '--name-only', 'HEAD')).toBe('deleted\n');
  });
});

test('what is staged outlives a host that is killed while it is committed, and so does what is left out', async () => {
  const world = coreWorld();
  const host = coreHost(world);
  const task = await host.dispatch();
  const { id } = task.thread;
  const { worktree } = (await host.threads.get(id)).thread;
  world.git.write(`${worktree}/other.txt`, 'also\n');
  await finishRun(world, task, 'two\n');
  await host.settler.settled(id);
  const before = (await host.threads.get(id)).thread.head ?? '';
  const common = { ...world, driver: world.worktrees };
  const changes = new ChangesService({ ...common, settler: host.settler, digestText: sha256 });
  let snapshots = 0;
  const dying: Pick<typeof host.settler, 'settled' | 'snapshot'> = {
    settled: thread => host.settler.settled(thread),
    // The second one is that of the commit: the files are as they are to be, and nobody has said so yet.
    snapshot: async (thread, message) => {
      if (++snapshots === 2) throw new Error('The host was killed');
      return await host.settler.snapshot(thread, message);
    },
  };
  const { files } = await changes.list(id);
  expect(files.length).toBe(2);
  const other = files.find(({ file }) => file.path === 'other.txt');
  const staging = new StagingService({ ...common, settler: dying, changes });
  await expect(staging.stage(id, ['0'.repeat(24)])).rejects.toMatchObject({ code: 'request.invalid' });
  await staging.stage(
    id,
    (other?.hunks ?? []).map(({ key }) => key),
  );
  await expect(staging.commit(id, 'Some of it')).rejects.toThrow('killed');
  await expect(host.reviews.approve(id)).rejects.toMatchObject({ code: 'review.staged', data: { staged: 1 } });
  const next = new StagingService({ ...common, settler: host.settler, changes });
  expect(await next.commit(id, 'Some of it')).toMatchObject({ kept: 1, leftOut: 0 });
  const { thread } = await host.threads.get(id);
  expect((await changes.list(id)).files.map(({ file }) => file.path)).toEqual(['other.txt']);
  expect(world.git.history(thread.head ?? '')).toContain(before);
  await host.reviews.approve(id);
});

test('pieces of several repositories are committed once, by whoever asks again after a host that was killed between two of them', async () => {
  const world = coreWorld();
  const host = coreHost(world);
  const [whole, part] = [await host.dispatch(), await host.dispatch()];
  for (const task of [whole, part]) {
    const { worktree } = (await host.threads.get(task.thread.id)).thread;
    world.git.write(`${worktree}/other.txt`, 'also\n');
    await finishRun(world, task, 'two\n');
    await host.settler.settled(task.thread.id);
  }
  const [id, web] = [whole.thread.id, part.thread.id];
  world.store.transact(stores => stores.parts.insert({ thread: web, whole: id, name: 'web', path: '../web' }));
  const common = { ...world, driver: world.worktrees };
  const changes = new ChangesService({ ...common, settler: host.settler, digestText: sha256 });
  const all = new AllChanges({ ...common, changes });
  const paths = async () =>
    (await all.list(id, { signal: new AbortController().signal })).files.map(({ file }) => file.path);
  const { files } = await all.list(id, { signal: new AbortController().signal });
  const keyOf = (path: string) => files.find(({ file }) => file.path === path)?.hunks[0]?.key ?? '';
  let commits = 0;
  const dying: Pick<typeof host.settler, 'settled' | 'snapshot'> = {
    settled: thread => host.settler.settled(thread),
    snapshot: async (thread, message) => {
      // Two are looked at, one is committed.
      if (++commits > 3) throw new Error('The host was killed');
      return await host.settler.snapshot(thread, message);
    },
  };
  const staging = new StagingService({ ...common, settler: dying, changes });
  await staging.stage(id, [keyOf('other.txt'), keyOf('web:other.txt')]);
  await expect(staging.commit(id, 'Some of it')).rejects.toThrow('killed');
  const next = new StagingService({ ...common, settler: host.settler, changes });
  // As a merge that was taken back leaves a repository in which nothing had landed: the thread alone is opened again.
  world.store.transact(stores => {
    const thread = stores.threads.get(web);
    if (thread) stores.threads.update({ ...thread, outcome: 'completed' });
  });
  expect(await next.commit(id, 'Some of it')).toMatchObject({ kept: 2 });
  expect(await paths()).toEqual(['other.txt', 'web:other.txt']);
  await expect(next.commit(id, 'Nothing')).rejects.toMatchObject({ code: 'request.invalid' });
  await next.stage(id, [keyOf('web:other.txt')]);
  next.unstage(id, []);
  await host.reviews.approve(id);
});
