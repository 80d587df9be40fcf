import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MergeOutcome, MergeRequest } from '../../../src/core/merges/mergeDriver.js';
import { gitIn, lines, writeIn } from '../../support/gitRepository.js';
import { quoted, type Interposition } from '../../support/interposedGit.js';
import { MergeFixture } from './mergeFixture.js';

interface Row {
  readonly name: string;
  readonly arrange?: (merge: MergeFixture) => Promise<void>;
  /** What another process does in the middle of the merge. */
  readonly between?: (merge: MergeFixture) => Interposition;
  readonly request?: Partial<MergeRequest>;
  readonly outcome: Partial<MergeOutcome>;
  /** Paths of the main checkout that `git status` lists afterwards. */
  readonly status?: readonly string[];
  /** The main checkout is none for git. */
  readonly bare?: true;
  /** Further expectations. */
  readonly after?: (merge: MergeFixture, outcome: MergeOutcome) => Promise<void>;
}

const merged = { kind: 'merged' } as const;
const blocked = (reason: string, ...files: readonly string[]) =>
  ({ kind: 'blocked', reason, ...(files.length > 0 ? { files } : {}) }) as Partial<MergeOutcome>;

const identity = '-c user.name=T -c user.email=t@example.com';
const moveRef = '*update-ref*refs/heads/main*';
const fastForward = '*merge*--ff-only*';

const table: readonly Row[] = [
  { name: 'target checked out, clean', outcome: merged },
  {
    name: 'target checked out, edited elsewhere: staged, unstaged, untracked and ignored',
    arrange: async merge => {
      await merge.edit(join(merge.root, 'README.md'), 'staged\n');
      await merge.repository.git('add', 'README.md');
      await merge.edit(join(merge.root, 'src/b.txt'), 'unstaged\n');
      await merge.edit(join(merge.root, 'untracked.txt'), 'untracked\n');
      await merge.edit(join(merge.root, 'my.secret'), 'ignored\n');
    },
    outcome: merged,
    status: ['README.md', 'src/b.txt', 'untracked.txt'],
  },
  {
    name: 'target checked out, edited in the same file, unstaged',
    arrange: merge => merge.edit(join(merge.root, 'src/a.txt'), 'mine\n'),
    outcome: blocked('target_has_edits', 'src/a.txt'),
    status: ['src/a.txt'],
  },
  {
    name: 'target checked out, edited in the same file, staged',
    arrange: async merge => {
      await merge.edit(join(merge.root, 'src/a.txt'), 'mine\n');
      await merge.repository.git('add', 'src/a.txt');
    },
    outcome: blocked('target_has_edits', 'src/a.txt'),
    status: ['src/a.txt'],
  },
  {
    name: 'target checked out, file of the merge taken out of the index',
    arrange: merge => merge.repository.git('rm', '--quiet', '--cached', 'src/a.txt').then(() => undefined),
    outcome: blocked('target_has_edits', 'src/a.txt'),
    status: ['src/a.txt', 'src/a.txt'],
  },
  {
    name: 'an untracked file in the way',
    arrange: merge => merge.edit(join(merge.root, 'work.txt'), 'my own work\n'),
    outcome: blocked('target_has_edits', 'work.txt'),
    status: ['work.txt'],
  },
  {
    name: 'an ignored file in the way',
    arrange: async merge => {
      await merge.repository.write('.git/info/exclude', 'work.txt\n');
      await merge.edit(join(merge.root, 'work.txt'), 'my own secret\n');
    },
    outcome: blocked('target_has_edits', 'work.txt'),
  },
  {
    name: 'an untracked file where the merge needs a folder, with a name full of surprises',
    arrange: async merge => {
      await merge.edit(join(merge.root, 'new "dir"\nname'), 'a file\n');
      const head = await merge.commit(merge.thread.path, { 'new "dir"\nname/file.txt': 'x\n' });
      merge.review(head);
    },
    outcome: blocked('target_has_edits', 'new "dir"\nname'),
    status: ['new "dir"\nname'],
  },
  { name: 'target not checked out', arrange: merge => merge.leaveMain(), outcome: merged },
  {
    name: 'target checked out in another worktree, which moves; the main checkout does not',
    arrange: async merge => {
      await merge.leaveMain();
      await merge.repository.git('worktree', 'add', '--quiet', merge.path('second'), 'main');
      await merge.edit(join(merge.root, 'src/a.txt'), 'work on another branch\n');
    },
    outcome: merged,
    status: ['src/a.txt'],
    after: async merge => merge.assertClean(merge.path('second')),
  },
  {
    name: 'target checked out twice',
    arrange: async merge => {
      await merge.repository.git('worktree', 'add', '--quiet', '--force', merge.path('second'), 'main');
    },
    outcome: blocked('target_busy'),
    after: async merge => merge.assertClean(merge.path('second')),
  },
  {
    name: 'a checkout of the target whose folder is gone does not count',
    arrange: async merge => {
      await merge.leaveMain();
      await merge.repository.git('worktree', 'add', '--quiet', merge.path('gone'), 'main');
      await rm(merge.path('gone'), { recursive: true });
    },
    outcome: merged,
  },
  {
    name: 'target checked out during the merge, at its old commit',
    arrange: async merge => {
      await merge.leaveMain();
      await merge.repository.git('worktree', 'add', '--quiet', '--detach', merge.path('appearing'), 'main');
      await merge.edit(join(merge.path('appearing'), 'README.md'), 'an edit in it\n');
    },
    between: merge => ({
      when: moveRef,
      after: `git -C ${quoted(merge.path('appearing'))} symbolic-ref HEAD refs/heads/main`,
    }),
    outcome: merged,
    after: async merge => merge.assertClean(merge.path('appearing'), ['README.md']),
  },
  {
    name: 'target checked out during the merge, with an edit in its way',
    arrange: async merge => {
      await merge.leaveMain();
      await merge.repository.git('worktree', 'add', '--quiet', '--detach', merge.path('appearing'), 'main');
      await merge.edit(join(merge.path('appearing'), 'src/a.txt'), 'an edit in it\n');
    },
    between: merge => ({
      when: moveRef,
      after: `git -C ${quoted(merge.path('appearing'))} symbolic-ref HEAD refs/heads/main`,
    }),
    outcome: blocked('target_has_edits', 'src/a.txt'),
    after: async merge => merge.assertClean(merge.path('appearing'), ['src/a.txt']),
  },
  {
    name: 'target checked out during the merge, at its new commit',
    arrange: async merge => {
      await merge.leaveMain();
    },
    between: merge => ({
      when: moveRef,
      after: `git -C ${quoted(merge.root)} worktree add --quiet ${quoted(merge.path('appearing'))} main`,
    }),
    outcome: merged,
    after: async merge => merge.assertClean(merge.path('appearing')),
  },
  {
    name: 'target being rebased in a worktree',
    arrange: async merge => {
      await merge.leaveMain();
      await merge.commit(merge.root, { 'src/b.txt': lines('other') });
      await merge.repository.git('worktree', 'add', '--quiet', merge.path('rebasing'), 'main');
      merge.keeps(await merge.commit(merge.path('rebasing'), { 'src/b.txt': lines('conflicting') }));
      const rebase = `${identity} rebase elsewhere`.split(' ');
      await expect(gitIn(merge.path('rebasing'), ...rebase)).rejects.toThrow('could not apply');
    },
    outcome: blocked('target_busy'),
  },
  {
    name: 'target being bisected in a worktree',
    arrange: async merge => {
      await merge.leaveMain();
      await merge.repository.git('worktree', 'add', '--quiet', merge.path('bisecting'), 'main');
      await gitIn(merge.path('bisecting'), 'bisect', 'start', 'main', 'main~1');
    },
    outcome: blocked('target_busy'),
  },
  {
    name: 'target in the middle of a merge of its own',
    arrange: async merge => {
      await merge.repository.git('checkout', '--quiet', '-b', 'other');
      await merge.commit(merge.root, { 'README.md': 'theirs\n' });
      await merge.repository.git('checkout', '--quiet', 'main');
      await merge.commit(merge.root, { 'README.md': 'ours\n' });
      const start = `${identity} merge other`.split(' ');
      await expect(merge.repository.git(...start)).rejects.toThrow();
    },
    outcome: blocked('target_busy'),
    status: ['README.md'],
  },
  {
    name: 'target moved meanwhile, checked out',
    between: merge => ({
      when: fastForward,
      before: `cd ${quoted(merge.root)} && git ${identity} commit --quiet --allow-empty -m meanwhile && git branch seen`,
    }),
    outcome: merged,
    after: async merge => {
      expect(await merge.repository.git('merge-base', '--is-ancestor', 'seen', 'main')).toBe('');
    },
  },
  {
    name: 'target moved meanwhile, not checked out',
    arrange: merge => merge.leaveMain(),
    between: merge => ({
      when: moveRef,
      before: `cd ${quoted(merge.root)} && git update-ref refs/heads/main $(git ${identity} commit-tree -m meanwhile -p main main^{tree}) && git branch seen main`,
    }),
    outcome: merged,
    after: async merge => {
      expect(await merge.repository.git('merge-base', '--is-ancestor', 'seen', 'main')).toBe('');
    },
  },
  {
    name: 'target that never stands still',
    arrange: merge => merge.leaveMain(),
    between: merge => ({
      when: moveRef,
      always: true,
      before: `cd ${quoted(merge.root)} && git update-ref refs/heads/main $(git ${identity} commit-tree -m meanwhile -p main main^{tree})`,
    }),
    outcome: blocked('target_moved'),
  },
  {
    name: 'target deleted meanwhile',
    arrange: async merge => {
      await merge.leaveMain();
    },
    between: merge => ({ when: moveRef, before: `git -C ${quoted(merge.root)} branch --quiet -D main` }),
    outcome: blocked('target_missing'),
  },
  {
    name: 'conflicting',
    arrange: async merge => {
      await merge.commit(merge.root, { 'src/a.txt': lines('a').replace('a 0', 'a nothing'), 'work.txt': 'theirs\n' });
    },
    outcome: { kind: 'conflicted', files: ['src/a.txt', 'work.txt'] },
  },
  {
    name: 'no commits',
    arrange: async merge => {
      await gitIn(merge.thread.path, 'reset', '--quiet', '--hard', merge.base);
      await merge.repository.git('branch', 'kept', merge.reviewed);
      merge.review(merge.base);
    },
    outcome: blocked('no_commits'),
  },
  {
    name: 'everything is in the target already',
    arrange: merge => merge.repository.git('merge', '--quiet', '--ff-only', merge.reviewed).then(() => undefined),
    outcome: blocked('nothing_to_merge'),
  },
  {
    name: 'histories without a common commit',
    arrange: async merge => {
      await merge.repository.git('checkout', '--quiet', '--orphan', 'island');
      await merge.commit(merge.root, { 'island.txt': 'x\n' });
    },
    request: { target: 'island' },
    outcome: blocked('unrelated_histories'),
  },
  {
    name: 'uncommitted agent work',
    arrange: merge => merge.edit(join(merge.thread.path, 'later.txt'), 'later\n'),
    outcome: blocked('changed_since_review', 'later.txt'),
  },
  {
    name: 'staged agent work',
    arrange: async merge => {
      await merge.edit(join(merge.thread.path, 'README.md'), 'later\n');
      await gitIn(merge.thread.path, 'add', '--all');
    },
    outcome: blocked('changed_since_review', 'README.md'),
  },
  {
    name: 'branch moved after review',
    arrange: async merge => void (await merge.commit(merge.thread.path, { 'later.txt': 'later\n' })),
    outcome: blocked('changed_since_review'),
  },
  {
    name: 'another branch checked out in the worktree after review',
    arrange: async merge => void (await gitIn(merge.thread.path, 'checkout', '--quiet', '--detach', merge.base)),
    outcome: blocked('changed_since_review'),
  },
  {
    name: 'worktree deleted by hand',
    arrange: merge => rm(merge.thread.path, { recursive: true }),
    outcome: blocked('worktree_missing'),
  },
  { name: 'no such target', request: { target: 'no/such\nbranch' }, outcome: blocked('target_missing') },
  {
    name: 'settings that would make it another kind of merge',
    arrange: async merge => {
      await merge.repository.git('config', 'branch.main.mergeOptions', '--no-ff --squash --autostash');
      await merge.repository.git('config', 'merge.ff', 'false');
      await merge.repository.git('config', 'merge.autoStash', 'true');
      await merge.edit(join(merge.root, 'src/a.txt'), 'mine\n');
    },
    outcome: blocked('target_has_edits', 'src/a.txt'),
    status: ['src/a.txt'],
  },
  {
    name: 'commit-msg hook that changes the message',
    arrange: merge => hook(merge, 'commit-msg', 'echo "Reviewed-by: hook" >> "$1"'),
    outcome: merged,
    after: async merge => {
      const message = await merge.repository.git('log', '-1', '--format=%B', 'main');
      expect(message).toBe('Do the task\n\nMuster-Thread: abc123\nReviewed-by: hook\n');
    },
  },
  {
    name: 'commit-msg hook that refuses',
    arrange: merge => hook(merge, 'commit-msg', 'echo "no ticket number" >&2; exit 1'),
    outcome: blocked('hook_refused'),
    after: async (_, outcome) =>
      expect(outcome).toMatchObject({ message: expect.stringContaining('no ticket number') }),
  },
  {
    name: 'post-merge hook that fails and leaves a process behind: the target has moved all the same',
    arrange: merge => hook(merge, 'post-merge', 'sleep 30 & exit 1'),
    outcome: merged,
  },
  {
    name: 'reference-transaction hook that protects the target',
    arrange: async merge => {
      await merge.leaveMain();
      await hook(merge, 'reference-transaction', 'grep -q refs/heads/main && exit 1; exit 0');
    },
    outcome: blocked('hook_refused'),
  },
  {
    name: 'rebase: authors, dates and messages are kept, what the target has is left out',
    arrange: async merge => {
      const { path } = merge.thread;
      const first = merge.reviewed;
      await writeIn(path, 'second.txt', 'second\n');
      await gitIn(path, 'add', '--all');
      const author = ['--author', 'Grace Other <grace@example.com>', '--date', '2020-02-03T04:05:06+0700'];
      await gitIn(path, 'commit', '--quiet', ...author, '-m', 'Second\n\nWith a body.');
      merge.review(await merge.repository.commitOf(merge.thread.branch));
      merge.keeps(first);
      await gitIn(merge.root, ...`${identity} cherry-pick ${first}`.split(' '));
    },
    request: { strategy: 'rebase' },
    outcome: merged,
    after: async merge => {
      const log = await merge.repository.git('log', '-1', '--format=%an <%ae> %aI %cn%n%B', 'main');
      expect(log.trim()).toBe(
        'Grace Other <grace@example.com> 2020-02-03T04:05:06+07:00 Ada Person\nSecond\n\nWith a body.',
      );
      expect(await merge.repository.git('rev-list', '--count', '--merges', 'main')).toBe('0');
    },
  },
  {
    name: 'rebase: a commit that conflicts is named',
    arrange: async merge => {
      merge.review(await merge.commit(merge.thread.path, { 'second.txt': 'second\n' }));
      await merge.commit(merge.root, { 'src/a.txt': lines('a').replace('a 0', 'a nothing') });
    },
    request: { strategy: 'rebase' },
    outcome: { kind: 'conflicted', files: ['src/a.txt'] },
  },
  {
    name: 'rebase: a thread that merged the target and resolved conflicts is not replayed into something else',
    arrange: async merge => {
      await merge.commit(merge.root, { 'src/a.txt': lines('a').replace('a 0', 'a nothing') });
      const { path } = merge.thread;
      await expect(gitIn(path, ...`${identity} merge main`.split(' '))).rejects.toThrow();
      await writeIn(path, 'src/a.txt', lines('a').replace('a 0', 'a both'));
      await gitIn(path, 'add', '--all');
      await gitIn(path, ...`${identity} commit --quiet --no-edit`.split(' '));
      merge.review(await merge.repository.commitOf(merge.thread.branch));
    },
    request: { strategy: 'rebase' },
    outcome: { kind: 'conflicted' },
  },
  {
    name: 'an assume-unchanged file with edits in the way',
    arrange: async merge => {
      await merge.repository.git('update-index', '--assume-unchanged', 'src/a.txt');
      await merge.edit(join(merge.root, 'src/a.txt'), 'mine\n');
    },
    outcome: blocked('target_has_edits', 'src/a.txt'),
  },
  {
    name: 'target checked out in a locked worktree on a disk that is not there',
    arrange: async merge => {
      await merge.leaveMain();
      await merge.repository.git('worktree', 'add', '--quiet', merge.path('usb'), 'main');
      await merge.repository.git('worktree', 'lock', '--reason', 'on the blue stick', merge.path('usb'));
      await rm(merge.path('usb'), { recursive: true });
    },
    outcome: blocked('target_unreachable'),
    after: async (_, outcome) =>
      expect(outcome).toMatchObject({ message: expect.stringMatching(/usb.*on the blue stick.*worktree unlock/) }),
  },
  {
    name: 'core.bare left behind in a repository with a checkout of the target',
    arrange: async merge => {
      await merge.repository.git('config', 'core.bare', 'true');
    },
    outcome: blocked('target_unreachable'),
    after: async (merge, outcome) => {
      expect(outcome).toMatchObject({ message: expect.stringContaining('config core.bare false') });
      await merge.repository.git('config', 'core.bare', 'false');
      await merge.assertClean(merge.root);
    },
    bare: true,
  },
  {
    name: 'no identity',
    arrange: async merge => {
      await merge.repository.git('config', '--unset', 'user.email');
    },
    outcome: blocked('identity_missing'),
  },
  {
    name: 'signing that fails',
    arrange: async merge => {
      await merge.repository.git('config', 'commit.gpgSign', 'true');
      await merge.repository.git('config', 'gpg.program', '/bin/false');
    },
    outcome: blocked('signing_failed'),
  },
];

async function hook(merge: MergeFixture, name: string, script: string): Promise<void> {
  await mkdir(merge.repository.path('.git/hooks'), { recursive: true });
  await writeIn(merge.root, `.git/hooks/${name}`, `#!/bin/sh\n${script}\n`);
  await chmod(merge.repository.path('.git/hooks', name), 0o755);
}

async function open(onTestFinished: (done: () => Promise<void>) => void): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  onTestFinished(() => merge.repository.dispose());
  return merge;
}

describe.concurrent('merge table', () => {
  test.for(table)('$name', async ({ arrange, between, request, outcome, status, bare, after }, { onTestFinished }) => {
    const merge = await open(onTestFinished);
    await arrange?.(merge);
    const before = await merge.repository.git('rev-parse', '--quiet', '--verify', 'main').catch(() => '');
    const found = await merge.merge({ ...request, commit: merge.reviewed }, between?.(merge));
    expect(found).toMatchObject(outcome);
    const now = await merge.repository.git('rev-parse', '--quiet', '--verify', 'main').catch(() => '');
    if (found.kind === 'merged') {
      expect(now).toBe(found.commit);
      expect(await merge.repository.git('show', 'main:work.txt')).toBe('work');
      expect(await merge.repository.git('merge-base', '--is-ancestor', before, 'main')).toBe('');
    } else if (between === undefined) {
      expect(now).toBe(before);
    }
    if (bare !== true) await merge.assertClean(merge.root, status ?? []);
    await after?.(merge, found);
    await merge.assertNothingLost();
  });

  test('a signature and the repository’s own identity are on the commit', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const key = merge.path('key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    await merge.repository.git('config', 'gpg.format', 'ssh');
    await merge.repository.git('config', 'user.signingKey', key);
    await merge.repository.git('config', 'commit.gpgSign', 'true');
    expect(await merge.merge({ strategy: 'squash' })).toMatchObject(merged);
    const commit = await merge.repository.git('cat-file', 'commit', 'main');
    expect(commit).toContain('author Ada Person <ada@example.com>');
    expect(commit).toContain('gpgsig -----BEGIN SSH SIGNATURE-----');
    expect(commit).toContain(`parent ${merge.base}`);
    expect(commit).not.toContain(merge.reviewed);
  });
});
