import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errorMessage } from '../../../base/errors.js';
import type { CheckoutState, SharedChange } from '../../../core/workspaces/sharedState.js';
import { glanceAt, glanceClosely, glanceInto, lookAt } from '../../../node/looks.js';
import type { RepositoryGit, WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { fileAt, pathList } from '../command/gitPath.js';
import { openCheckout } from '../merge/targetCheckout.js';
import { keepFiles } from '../rescue/keepWork.js';
import { trackedStatus } from '../worktree/worktreeStatus.js';

/** What can happen to the person's checkout. */
export type CheckoutChange = Extract<SharedChange, { readonly kind: 'checkout' | 'edits' }>;

/** More edited files than somebody made by hand: a conversion of all line endings, say. They are not kept for each run. */
const mostEdits = 2_000;

/** The checkout that a repository is known by, as it is now; undefined when there is none, or git cannot read it. */
export async function readCheckout(context: GitContext, repository: RepositoryGit): Promise<CheckoutState | undefined> {
  try {
    const git = await checkoutOf(context, repository);
    if (git === undefined) return undefined;
    const { clock, checkouts } = context;
    const marks = marksOf(git);
    const last = checkouts.get(git.workTree);
    if (last?.marks === marks && clock.now() - last.at < newEnoughMs) return await last.state;
    const state = stateOf(context, git, marks);
    checkouts.set(git.workTree, { marks, at: clock.now(), state });
    // What failed is not the last.
    state.catch(() => checkouts.delete(git.workTree));
    return await state;
  } catch (error) {
    // What a run shares besides it is compared all the same.
    context.log.debug('The checkout could not be noted', { path: repository.root, reason: errorMessage(error) });
    return undefined;
  }
}

async function stateOf(context: GitContext, git: WorktreeGit, index: string): Promise<CheckoutState | undefined> {
  const checkout = await lookAtCheckout(git);
  if (checkout.commit === '') return undefined;
  const { edited } = checkout;
  const state = { path: git.workTree, index, ...checkout };
  if (edited.length === 0 || edited.length > mostEdits) return { ...state, edited: [] };
  return { ...state, kept: await keptEdits(context, git, checkout) };
}

/** Runs that begin one after the other share a look: fewer people save in the same moment than dispatch many tasks. */
const newEnoughMs = 2_000;

/** What is checked out, and which index, without a process: both are other ones after git has switched, reset or stashed anything. */
function marksOf({ gitDir }: WorktreeGit): string {
  const head = glanceInto(join(gitDir, 'HEAD'), { maxBytes: 4096 });
  const index = glanceClosely(join(gitDir, 'index'));
  const text = head?.kind === 'file' ? head.bytes.toString('utf8').trim() : '';
  return `${text} ${index?.ino} ${index?.mtimeNs} ${index?.size}`;
}

/** What became of it meanwhile: another branch, and edits that are nowhere. */
export async function checkoutChanges(
  context: GitContext,
  repository: RepositoryGit,
  before: CheckoutState,
  stashed: boolean,
): Promise<readonly CheckoutChange[]> {
  const git = await checkoutOf(context, repository);
  if (git?.workTree !== before.path || marksOf(git) === before.index) return [];
  const now = await lookAtCheckout(git);
  const { path, head, kept } = before;
  const files = kept === undefined ? [] : await lostEdits(git, { ...before, kept }, now);
  if (kept !== undefined && files.length > 0) await keepAlive(repository, kept);
  return [
    ...(files.length > 0 && kept !== undefined ? [{ kind: 'edits', path, files, kept, stashed } as const] : []),
    ...(now.head === head || now.commit === ''
      ? []
      : [{ kind: 'checkout', path, before: head, now: now.head } as const]),
  ];
}

/** Undoes it, unless the person has gone on since: git refuses to write over their files, and says so (`git.failed`). */
export async function putCheckoutAsBefore(
  context: GitContext,
  repository: RepositoryGit,
  change: CheckoutChange,
): Promise<void> {
  const git = await openCheckout(context, repository, change.path);
  if (change.kind === 'checkout') {
    if ((await lookAtCheckout(git)).head !== change.now) return;
    const branch = change.before.startsWith('refs/heads/') ? change.before.slice('refs/heads/'.length) : undefined;
    const to = branch === undefined ? ['--detach', change.before] : [branch];
    await git.run({ args: ['checkout', '--quiet', '--no-overwrite-ignore', '--no-guess', ...to, '--'] });
    return;
  }
  // A file that was edited again since is the person's.
  const { edited } = await lookAtCheckout(git);
  const files = change.files.filter(file => !edited.includes(file));
  if (files.length === 0) return;
  const args = ['restore', `--source=${change.kept}`, '--worktree', '--pathspec-from-file=-', '--pathspec-file-nul'];
  await git.run({ args, input: pathList(files, ':(top,literal)') });
}

/** Where the person works: the folder that they know the repository by, if it is a checkout of it. */
async function checkoutOf(context: GitContext, repository: RepositoryGit): Promise<WorktreeGit | undefined> {
  const { root, commonDir } = repository;
  // The disk of the git directory has just answered.
  const entry = join(root, '.git') === commonDir ? glanceAt(commonDir) : await lookAt(join(root, '.git'));
  if (root === commonDir || entry === undefined) return undefined;
  return await openCheckout(context, repository, root);
}

interface Checkout {
  /** Full ref name, or a commit. */
  readonly head: string;
  /** Empty on an unborn branch. */
  readonly commit: string;
  readonly edited: readonly string[];
}

/** Nobody's run waits longer for a checkout on a slow disk. */
const longestLookMs = 3_000;

/** Untracked files are not looked for: that costs as much as the checkout is large. */
async function lookAtCheckout(git: WorktreeGit): Promise<Checkout> {
  const signal = AbortSignal.timeout(longestLookMs);
  const { head: commit, branch, dirty } = await trackedStatus(git, { signal, joined: true });
  return { head: branch === undefined ? commit : `refs/heads/${branch}`, commit, edited: dirty };
}

/** Objects that nothing names live two weeks at least; what was kept is kept anew long before. */
const keptAnewMs = 24 * 60 * 60_000;

/** As long as the files are the same, so is the commit that has them. */
async function keptEdits(context: GitContext, git: WorktreeGit, { commit, edited }: Checkout): Promise<string> {
  const { stateDir, clock, keptEdits: known } = context;
  const hash = createHash('sha256').update(commit);
  for (const file of edited) {
    const found = await lookAt(fileAt(git.workTree, file));
    hash.update(`\0${file}\0${found?.mtimeMs}\0${found?.ctimeMs}\0${found?.size}`);
  }
  const digest = hash.digest('hex');
  const last = known.get(git.workTree);
  if (last?.digest === digest && clock.now() - last.at < keptAnewMs) return await last.commit;
  const kept = keepFiles(git, commit, stateDir).then(files => files.commit);
  known.set(git.workTree, { digest, at: clock.now(), commit: kept });
  // What failed is not the last.
  kept.catch(() => known.delete(git.workTree));
  return await kept;
}

/** Edits that the checkout does not have any more, although no commit since has changed their files. */
async function lostEdits(
  git: WorktreeGit,
  before: CheckoutState & { readonly kept: string },
  now: Checkout,
): Promise<readonly string[]> {
  const still = new Set(now.edited);
  const gone = before.edited.filter(file => !still.has(file));
  if (gone.length === 0) return [];
  const differing = async (from: string, to: string): Promise<ReadonlySet<string>> => {
    const args = ['diff-tree', '-r', '--no-renames', '--name-only', '-z', from, to, '--'];
    return new Set((await git.run({ args, reads: true })).fields());
  };
  // What another branch has instead was committed by nobody since.
  const ancestor = ['merge-base', '--is-ancestor', before.commit, now.commit];
  const goesOn = (await git.run({ args: ancestor, reads: true, accept: [0, 1] })).exitCode === 0;
  const since = goesOn ? await differing(before.commit, now.commit) : new Set<string>();
  const otherThanKept = await differing(before.kept, now.commit);
  return gone.filter(file => otherThanKept.has(file) && !since.has(file));
}

/** Until it is put back or too old (`refs/muster/checkout`): otherwise git's own tidying could take it. */
async function keepAlive(repository: RepositoryGit, kept: string): Promise<void> {
  await repository.run({ args: ['update-ref', `${checkoutRefs}/${kept}`, kept] });
}

/** Where edits are kept that were lost from a checkout. */
export const checkoutRefs = 'refs/muster/checkout';
