import { join } from 'node:path';
import { defined } from '../../../base/defined.js';
import { isAppError } from '../../../base/errors.js';
import type {
  HookChange,
  HookFile,
  HookFolders,
  SharedChange,
  SharedState,
} from '../../../core/workspaces/sharedState.js';
import { glanceInto } from '../../../node/looks.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { hookChanges, putHookBack, readHooks, readNamedHooks } from './hookFiles.js';
import { hookFolders } from './hookFolders.js';
import { readRefFiles, type RefsOfPerson } from './refFiles.js';
import { listWorktrees } from '../worktree/worktreeList.js';
import { checkoutChanges, putCheckoutAsBefore, readCheckout, type CheckoutChange } from './checkoutState.js';

/** Refs that the host makes and removes within one step. */
const passing = 'refs/muster/guest/';
/** A configuration beyond it is not compared. */
const longestConfig = 512 * 1024;
/** What git writes by itself when an agent uses its worktree: upstreams of branches, sparse checkouts, format versions. */
const gitsOwn = /^(?:branch\.|extensions\.|core\.repositoryformatversion$|gc\.|maintenance\.|submodule\.)/;

/** The person's stash, branches, tags, configuration and checkout as they are now; of refs, those that are wanted. */
export async function readSharedState(
  context: GitContext,
  git: RepositoryGit,
  wanted: (ref: string) => boolean = () => true,
): Promise<SharedState> {
  const isPersons = (ref: string): boolean => !ref.startsWith(passing) && wanted(ref);
  const [state, checkout] = await Promise.all([
    readShared(context, git, { wanted: isPersons }),
    readCheckout(context, git),
  ]);
  return checkout === undefined ? state : { ...state, checkout };
}

/** As before a run, or (`before`) with the hooks of the folders that counted then. */
async function readShared(
  context: GitContext,
  git: RepositoryGit,
  { wanted, before }: { readonly wanted: (ref: string) => boolean; readonly before?: HookFolders },
): Promise<SharedState & { readonly hooks: readonly HookFile[] }> {
  const refs = await refsAndStash(git, wanted);
  const config = configText(git);
  const { hooksFolder, hooksElsewhere } = before ?? (await hookFolders(context, git, config));
  const folders = [join(git.commonDir, 'hooks'), ...(hooksFolder === undefined ? [] : [hooksFolder])];
  const elsewhere = hooksElsewhere === undefined ? [] : readNamedHooks(hooksElsewhere);
  const hooks = [...folders.flatMap(readHooks), ...elsewhere];
  return { ...refs, config, hooks, ...defined({ hooksFolder, hooksElsewhere }) };
}

async function refsAndStash(git: RepositoryGit, wanted: (ref: string) => boolean): Promise<RefsOfPerson> {
  return readRefFiles(git.commonDir, wanted) ?? (await askedOfGit(git, wanted));
}

async function askedOfGit(git: RepositoryGit, wanted: (ref: string) => boolean): Promise<RefsOfPerson> {
  const places = ['refs/heads', 'refs/tags', 'refs/muster', 'refs/stash'];
  const args = ['for-each-ref', '--format=%(refname)%00%(objectname)%00', ...places];
  const output = await git.run({ args, reads: true, joined: true });
  const fields = output.fields();
  const refs: (readonly [string, string])[] = [];
  let stashed = false;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const ref = (fields[i] ?? '').trim();
    if (ref === 'refs/stash') stashed = true;
    else if (wanted(ref)) refs.push([ref, fields[i + 1] ?? '']);
  }
  return { refs, stash: stashed ? await stashEntries(git) : [] };
}

/** What is gone or other than before. Refs that only moved forward, and new ones, are nobody's loss. */
export async function findSharedChanges(
  context: GitContext,
  git: RepositoryGit,
  before: SharedState,
): Promise<readonly SharedChange[]> {
  const known = new Set(before.refs.map(([ref]) => ref));
  const now = await readShared(context, git, { wanted: ref => known.has(ref), before });
  const kept = new Set(now.stash.map(({ commit }) => commit));
  const stash = before.stash
    .filter(({ commit }) => !kept.has(commit))
    .map(entry => ({ kind: 'stash' as const, ...entry }));
  const refs = new Map(now.refs);
  const moved: SharedChange[] = [];
  for (const [ref, object] of before.refs) {
    const found = refs.get(ref);
    if (found === object) continue;
    if (found !== undefined && ref.startsWith('refs/heads/') && (await isAncestor(git, object, found))) continue;
    moved.push({ kind: 'ref', ref, before: object, now: found });
  }
  const config = before.config === now.config ? [] : await changedSettings(git, before.config, now.config);
  const hooks = before.hooks === undefined ? [] : hookChanges(before.hooks, now.hooks);
  const isStashed = now.stash.some(({ commit }) => !before.stash.some(entry => entry.commit === commit));
  const checkout = before.checkout ? await checkoutChanges(context, git, before.checkout, isStashed) : [];
  // First the edits: what comes last is put back first, and edits belong on the branch that they were made on.
  return [...checkout, ...stash, ...moved, ...config, ...hooks];
}

/** Undoes changes; what somebody has changed again since stays. Returns those that could not be undone. */
export async function putBackShared(
  context: GitContext,
  git: RepositoryGit,
  changes: readonly SharedChange[],
): Promise<readonly SharedChange[]> {
  const checkedOut = new Set((await listWorktrees(git)).map(({ ref }) => ref));
  const left: SharedChange[] = [];
  // The oldest entry first, so that the stash has them in their order again.
  for (const change of changes.toReversed()) {
    try {
      if (change.kind === 'hook') {
        if (!(await putHookBack(change, context.clock.now()))) left.push(change);
      } else if (change.kind === 'ref' && change.now !== undefined && checkedOut.has(change.ref)) left.push(change);
      else if (change.kind === 'checkout' || change.kind === 'edits') await putCheckoutAsBefore(context, git, change);
      else await putBack(git, change);
    } catch (error) {
      if (!isAppError(error, 'git.failed')) throw error;
      left.push(change);
    }
  }
  return left;
}

async function putBack(git: RepositoryGit, change: Exclude<SharedChange, CheckoutChange | HookChange>): Promise<void> {
  switch (change.kind) {
    case 'stash': {
      if ((await stashEntries(git)).some(({ commit }) => commit === change.commit)) return;
      // What `git stash store` does, without a work tree.
      await git.run({ args: ['update-ref', '--create-reflog', '-m', change.message, 'refs/stash', change.commit] });
      return;
    }
    case 'ref': {
      const expected = change.now ?? '0'.repeat(change.before.length);
      await git.run({ args: ['update-ref', '-m', 'muster: put back', change.ref, change.before, expected] });
      return;
    }
    case 'config': {
      const file = join(git.commonDir, 'config');
      // 5: there is none to remove.
      await git.run({ args: ['config', '--file', file, '--unset-all', change.key], accept: [0, 5] });
      for (const value of change.before)
        await git.run({ args: ['config', '--file', file, '--add', change.key, value] });
    }
  }
}

async function stashEntries(git: RepositoryGit): Promise<SharedState['stash']> {
  const args = ['log', '--walk-reflogs', '--format=%H%x00%gs%x00', 'refs/stash', '--'];
  const output = await git.run({ args, reads: true, accept: [0, 128] });
  if (output.exitCode !== 0) return [];
  const fields = output.fields();
  const entries: { commit: string; message: string }[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    entries.push({ commit: (fields[i] ?? '').trim(), message: fields[i + 1] ?? '' });
  }
  return entries;
}

async function isAncestor(git: RepositoryGit, older: string, newer: string): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', older, newer];
  return (await git.run({ args, reads: true, accept: [0, 1, 128] })).exitCode === 0;
}

function configText({ commonDir }: RepositoryGit): string {
  const file = glanceInto(join(commonDir, 'config'), { maxBytes: longestConfig });
  return file?.kind === 'file' && !file.truncated ? file.bytes.toString('utf8') : '';
}

async function changedSettings(git: RepositoryGit, before: string, now: string): Promise<SharedChange[]> {
  const [old, present] = await Promise.all([settingsIn(git, before), settingsIn(git, now)]);
  const changes: SharedChange[] = [];
  for (const key of new Set([...old.keys(), ...present.keys()])) {
    const [was = [], is = []] = [old.get(key), present.get(key)];
    if (gitsOwn.test(key) || was.join('\0') === is.join('\0')) continue;
    changes.push({ kind: 'config', key, before: was, now: is });
  }
  return changes;
}

async function settingsIn(git: RepositoryGit, text: string): Promise<Map<string, string[]>> {
  const args = ['config', '--file', '-', '--no-includes', '--list', '-z'];
  const output = await git.run({ args, input: text, reads: true, accept: [0, 1, 128] });
  const settings = new Map<string, string[]>();
  for (const field of output.exitCode === 0 ? output.fields() : []) {
    const end = field.indexOf('\n');
    const key = end < 0 ? field : field.slice(0, end);
    settings.set(key, [...(settings.get(key) ?? []), end < 0 ? 'true' : field.slice(end + 1)]);
  }
  return settings;
}
