import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { deferred } from '../../../src/base/async.js';
import type { MergeOutcome, MergeRequest } from '../../../src/core/merges/mergeDriver.js';
import { performMerge } from '../../../src/core/merges/performMerge.js';
import { writeIn } from '../../support/gitRepository.js';
import { smudgeWith } from '../../support/smudgeFilter.js';
import { MergeFixture } from './mergeFixture.js';

/** What this test calls a long silence; nobody waits for a real minute. */
const silenceMs = 1_500;

async function open({ onTestFinished }: TestContext, files = 3): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  onTestFinished(() => merge.repository.dispose());
  const names = Array.from({ length: files }, (_, index) => `${index}.slow`);
  const contents = Object.fromEntries(names.map(name => [name, `${name}\n`]));
  merge.review(await merge.commit(merge.thread.path, { ...contents, 'src/b.txt': 'changed\n' }));
  await merge.edit(join(merge.root, 'README.md'), 'my edit\n');
  return merge;
}

interface Going {
  readonly outcome: Promise<MergeOutcome>;
  /** Resolves with the first notice that is not empty. */
  readonly noticed: Promise<string>;
  readonly notices: readonly string[];
  cancel(): void;
}

function begin(merge: MergeFixture, change: Partial<MergeRequest> = {}): Going {
  const stop = new AbortController();
  const noticed = deferred<string>();
  const notices: string[] = [];
  const onNotice = (text: string): void => {
    notices.push(text);
    if (text !== '') noticed.resolve(text);
  };
  const outcome = performMerge(merge.driver({ silenceMs }), merge.request({ ...change, onNotice }), stop.signal);
  return { outcome, noticed: noticed.promise, notices, cancel: () => stop.abort(new Error('cancelled by the test')) };
}

describe.concurrent('a checkout that takes longer than any limit', () => {
  test('comes to its end while each file is a sign of life', async context => {
    const merge = await open(context, 30);
    await smudgeWith(merge.repository, 'sleep 0.1');
    const began = Date.now();
    const { outcome, notices } = begin(merge);
    expect(await outcome).toMatchObject({ kind: 'merged' });
    expect(Date.now() - began).toBeGreaterThan(2 * silenceMs);
    expect(notices.filter(text => text !== '')).toEqual([]);
    await merge.assertClean(merge.root, ['README.md']);
  });
});

describe.concurrent('git that stands still', () => {
  test('in a filter: a person hears of it, and cancelling puts the checkout back at once', async context => {
    const merge = await open(context);
    await smudgeWith(merge.repository, '[ $n = 2 ] && exec sleep 600');
    const { outcome, noticed, cancel } = begin(merge);
    expect(await noticed).toMatch(/^git merge has said nothing for \d+ s in \S+.* `muster cancel` ends the merge/);
    const before = Date.now();
    cancel();
    await expect(outcome).rejects.toThrow('cancelled by the test');
    expect(Date.now() - before).toBeLessThan(20_000);
    expect(await merge.repository.commitOf('main')).toBe(merge.base);
    await merge.assertClean(merge.root, ['README.md']);
    await merge.assertNothingLost();
  });

  test('in a hook, checked out: it is named, new worktrees do not wait for it, and it ends with the merge', async context => {
    const merge = await open(context);
    await hook(merge, 'reference-transaction', 'grep -q refs/heads/main && sleep 600; exit 0');
    const { outcome, noticed, cancel } = begin(merge);
    expect(await noticed).toContain('in hook reference-transaction');
    const other = { repository: merge.root, path: merge.path('other'), branch: 'muster/other' };
    await merge.worktrees.create(other, new AbortController().signal);
    cancel();
    await expect(outcome).rejects.toThrow('cancelled by the test');
    expect(await merge.repository.commitOf('main')).toBe(merge.base);
    await merge.assertClean(merge.root, ['README.md']);
    await merge.assertNothingLost();
  });

  test('in a hook after the branch moved: cancelling ends the hook, and the merge counts', async context => {
    const merge = await open(context);
    await hook(merge, 'post-merge', 'sleep 600');
    const { outcome, noticed, cancel } = begin(merge);
    expect(await noticed).toContain('in hook post-merge');
    cancel();
    expect(await outcome).toMatchObject({ kind: 'merged', commit: await merge.repository.commitOf('main') });
    await merge.assertClean(merge.root, ['README.md']);
  });

  test('in a signing program: the merge can be cancelled before anything moved', async context => {
    const merge = await open(context);
    await writeIn(merge.repository.folder, 'sign', '#!/bin/sh\nexec sleep 600\n');
    await chmod(merge.path('sign'), 0o755);
    await merge.repository.git('config', 'commit.gpgSign', 'true');
    await merge.repository.git('config', 'gpg.program', merge.path('sign'));
    const { outcome, noticed, cancel } = begin(merge);
    expect(await noticed).toMatch(/^git commit-tree has said nothing/);
    cancel();
    await expect(outcome).rejects.toThrow('cancelled by the test');
    await merge.assertClean(merge.root, ['README.md']);
  });
});

test('a hook that refuses the branch after the files were written leaves nothing of them', async context => {
  const merge = await open(context);
  await hook(merge, 'reference-transaction', 'grep -q refs/heads/main && { echo no >&2; exit 1; }; exit 0');
  expect(await merge.merge()).toMatchObject({ kind: 'blocked', reason: 'hook_refused' });
  expect(await merge.repository.commitOf('main')).toBe(merge.base);
  await merge.assertClean(merge.root, ['README.md']);
  await merge.assertNothingLost();
});

async function hook(merge: MergeFixture, name: string, script: string): Promise<void> {
  await writeIn(merge.root, `.git/hooks/${name}`, `#!/bin/sh\n${script}\n`);
  await chmod(merge.repository.path('.git/hooks', name), 0o755);
}
