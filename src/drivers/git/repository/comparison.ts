import type { CompareRequest } from '../../../core/workspaces/worktreeDriver.js';
import { join } from 'node:path';
import type { RepositoryGit } from '../command/boundGit.js';
import { carriedBase } from '../merge/carriedChanges.js';
import { madeUpCommit } from '../merge/madeUpCommit.js';
import { lookInto } from '../../../node/looks.js';

/**
 * The commit that a thread's work is compared with: the merge base of its head and the target *as it is now*, so that what
 * the agent brought in from a newer target does not look like its own. Once the target has the head, that is where the
 * target stood before it got it.
 */
export async function comparison(git: RepositoryGit, request: CompareRequest): Promise<string> {
  const { head, target, base, carried, signal } = request;
  if (carried !== undefined) return await besideCarried(git, { ...request, carried });
  const fallback = base ?? head;
  if (target === undefined) return fallback;
  const ask = async (...args: readonly string[]): Promise<string> =>
    (await git.run({ args, reads: true, signal, accept: [0, 1, 128] })).text();
  const ref = `refs/heads/${target}`;
  // Most runs end on the very commit that their target is at.
  const common = (await looseRef(git, ref)) === head ? head : await ask('merge-base', ref, head);
  // No such branch any more, or unrelated: the place where the thread began is all there is.
  if (common === '') return fallback;
  if (common !== head || head === base) return common;
  const oldest = (await ask('rev-list', '--first-parent', '--ancestry-path', '--reverse', `${head}..${ref}`)).split(
    '\n',
    1,
  )[0];
  if (oldest === undefined || oldest === '') return fallback;
  const before = await ask('merge-base', `${oldest}^1`, head);
  return before === '' || before === head ? fallback : before;
}

/** The commit of a branch; undefined when there is none. */
export async function tipOf(git: RepositoryGit, branch: string, signal?: AbortSignal): Promise<string | undefined> {
  const loose = await looseRef(git, `refs/heads/${branch}`);
  if (loose !== undefined) return loose;
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`];
  const found = await git.run({ args, reads: true, accept: [0, 1, 128], signal });
  return found.exitCode === 0 ? found.text() : undefined;
}

/**
 * For a thread that began with uncommitted changes of the person, which are on the side that it is compared with: their commit, or one
 * made up of them and of what the thread has of a newer target.
 */
async function besideCarried(
  repository: RepositoryGit,
  { head, target, carried, signal }: CompareRequest & { readonly carried: string },
): Promise<string> {
  const ask = async (args: readonly string[]): Promise<string> =>
    (await repository.run({ args, reads: true, signal, accept: [0, 1, 128] })).text();
  const ref = target === undefined ? `${carried}^1` : `refs/heads/${target}`;
  const there = await ask(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]);
  if (there === '') return carried;
  const base = await carriedBase({ repository, carried, signal }, { head, target: there });
  if (base.kind === 'unrelated') return carried;
  // What both changed was put together by somebody: shown as the thread's own, it hides nothing.
  if (base.kind === 'conflicts') return await ask(['rev-parse', '--verify', `${carried}^1`]);
  const [own = '', now = ''] = (await ask(['rev-parse', `${carried}^{tree}`, `${head}^{tree}`])).split('\n');
  const goesOn = async (): Promise<boolean> => {
    const args = ['merge-base', '--is-ancestor', carried, head];
    return (await repository.run({ args, reads: true, signal, accept: [0, 1] })).exitCode === 0;
  };
  // The target may have it by now: what it was, is what is left to be shown.
  if ((base.tree === own || base.tree === now) && (await goesOn())) return carried;
  return await madeUpCommit({ repository, signal }, base.tree);
}

/** The commit of a ref that git keeps as a file of its own; undefined when only git can tell. */
async function looseRef({ commonDir }: RepositoryGit, ref: string): Promise<string | undefined> {
  const file = await lookInto(join(commonDir, ref), { maxBytes: longestCommit });
  const text = file?.kind === 'file' && !file.truncated ? file.bytes.toString('latin1').trim() : '';
  // Anything else only git understands, and nobody else may: agents can write it.
  return /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text) ? text : undefined;
}

/** A SHA-256 name and the end of its line. */
const longestCommit = 66;
