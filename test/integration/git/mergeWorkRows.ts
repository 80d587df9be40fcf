import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { gitIn, lines, writeIn } from '../../support/gitRepository.js';
import { blocked, hook, identity, merged, type MergeRow } from './mergeRows.js';

/** What the thread's work, the repository's hooks and its settings may be. */
export const workRows: readonly MergeRow[] = [
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
