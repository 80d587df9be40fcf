import { AppError } from '../../../base/errors.js';
import type { CarriedChanges, WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { lookAt } from '../../../node/looks.js';
import type { WorktreeGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import { binary, fileAt, pathList } from '../command/gitPath.js';
import { openCheckout } from '../merge/targetCheckout.js';
import { withScratchIndex } from '../worktree/reviewWorktree.js';
import { worktreeStatus } from '../worktree/worktreeStatus.js';
import { openRepository } from './openRepository.js';

/** Keeps what threads began with from git's own tidying: an agent may rewrite its branch so that nothing else names it. */
export const carriedRefs = 'refs/muster/carried';

/** Nobody makes more by hand; what does is a build folder that no `.gitignore` names. */
const mostBytes = 500_000_000;

/** Not the person's commit, and not an agent's. */
const identity = ['user.name=Muster', 'user.email=muster@localhost'];

type Env = Readonly<Record<string, string>>;

/** See {@link WorktreeDriver.carry}. A scratch index takes the files; the person's own is only read. */
export async function carryChanges(
  context: GitContext,
  place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
  base: string | undefined,
  signal?: AbortSignal,
): Promise<CarriedChanges | undefined> {
  const repository = await openRepository(context, place);
  const git = await openCheckout(context, repository, repository.root);
  const { head, branch, dirty, nested, unmerged } = await worktreeStatus(git, signal);
  if (head === '') {
    const message = `The repository ${repository.root} has no commit yet. Commit something, then dispatch.`;
    throw new AppError('git.emptyRepository', message, { repository: repository.root });
  }
  if (dirty.length === 0) return undefined;
  if (unmerged.length > 0) throw refused(`files have conflicts (${unmerged.slice(0, 5).join(', ')})`);
  await requireCheckedOut(git, { base, head });
  await requireFew(git, dirty);
  const tree = await withScratchIndex(git, env => treeOf(git, { head, nested, env, signal }), context.stateDir);
  const differing = ['diff-tree', '-r', '--no-renames', '--name-only', '-z', head, tree, '--'];
  const files = (await git.run({ args: differing, reads: true, signal })).records().length;
  if (files === 0) return undefined;
  const message = `Uncommitted changes of ${branch ?? 'the checkout'}\n\nTaken along by Muster for an agent to see; they do not land with its work.\n`;
  const args = ['commit-tree', '--no-gpg-sign', '-p', head, '-F', '-', tree];
  const commit = (await git.run({ args, input: message, config: identity, signal })).text();
  await repository.run({ args: ['update-ref', `${carriedRefs}/${commit}`, commit], signal });
  return { commit, onto: head, files, ...(branch === undefined ? {} : { branch }) };
}

/** Everything as it stands in the folder. Submodules stay at the commit that is committed: the agent has no other. */
async function treeOf(
  git: WorktreeGit,
  {
    head,
    nested,
    env,
    signal,
  }: {
    readonly head: string;
    readonly nested: readonly string[];
    readonly env: Env;
    readonly signal: AbortSignal | undefined;
  },
): Promise<string> {
  const without = pathList(nested, ':(top,exclude,literal)');
  await git.run({
    args: ['add', '--all', '--sparse', '--pathspec-from-file=-', '--pathspec-file-nul'],
    input: Buffer.concat([Buffer.from(':/\0'), without]),
    config: ['core.safecrlf=false'],
    env,
    signal,
  });
  const raw = [
    'diff-index',
    '--cached',
    '--raw',
    '--no-renames',
    '--no-abbrev',
    '--ignore-submodules=none',
    '-z',
    head,
  ];
  const records = (await git.run({ args: [...raw, '--'], env, reads: true, signal })).records().map(binary);
  const back: string[] = [];
  // `:<old mode> <new mode> <old id> <new id> <status>`, then the path.
  for (let at = 0; at + 1 < records.length; at += 2) {
    const [oldMode = '', newMode = '', old = ''] = (records[at] ?? '').slice(1).split(' ');
    if (oldMode !== submodule && newMode !== submodule) continue;
    back.push(`${oldMode === '000000' ? '0' : oldMode} ${old}\t${records[at + 1]}\0`);
  }
  if (back.length > 0) {
    const input = Buffer.from(back.join(''), 'latin1');
    await git.run({ args: ['update-index', '-z', '--index-info'], input, env, signal });
  }
  return (await git.run({ args: ['write-tree'], env, signal })).text();
}

const submodule = '160000';

/** What was changed belongs to what is checked out; on another commit it would be something else. */
async function requireCheckedOut(
  git: WorktreeGit,
  { base, head }: { readonly base: string | undefined; readonly head: string },
): Promise<void> {
  if (base === undefined) return;
  for (const name of [`refs/heads/${base}`, base, `refs/remotes/origin/${base}`]) {
    if (base.startsWith('-')) break;
    const args = ['rev-parse', '--verify', '--quiet', `${name}^{commit}`];
    const found = await git.run({ args, reads: true, accept: [0, 1, 128] });
    if (found.exitCode !== 0) continue;
    if (found.text() === head) return;
    throw refused(`the agent is to start from ${base}, and something else is checked out`);
  }
  const message = `There is no branch, tag or commit ${JSON.stringify(base)} in ${git.workTree}. Name one that exists (workspace.base or --base).`;
  throw new AppError('git.noBase', message, { repository: git.workTree, base });
}

async function requireFew(git: WorktreeGit, files: readonly string[]): Promise<void> {
  let bytes = 0;
  for (const file of files) {
    bytes += (await lookAt(fileAt(git.workTree, file)))?.size ?? 0;
    if (bytes <= mostBytes) continue;
    throw refused(`they are larger than ${mostBytes / 1_000_000} MB (add what is not yours to .gitignore)`);
  }
}

function refused(why: string): AppError<'request.invalid'> {
  const message = `Your uncommitted changes cannot be taken along: ${why}. Commit them, or dispatch without them.`;
  return new AppError('request.invalid', message, { field: 'with_changes', reason: why });
}
