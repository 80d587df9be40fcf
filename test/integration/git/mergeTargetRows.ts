import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { gitIn, lines } from '../../support/gitRepository.js';
import { quoted } from '../../support/interposedGit.js';
import { blocked, fastForward, identity, merged, moveRef, type MergeRow } from './mergeRows.js';

/** What the target and its checkouts may be in the middle of. */
export const targetRows: readonly MergeRow[] = [
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
];
