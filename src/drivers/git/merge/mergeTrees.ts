import type { NotMerged } from '../../../core/merges/mergeDriver.js';
import { gitFailed } from '../command/gitCommand.js';
import { gitFailure } from '../command/gitFailure.js';
import type { Computation } from './computation.js';
import { blocked, named } from './mergeOutcomes.js';

/** Merges two trees in the object store. */
export async function mergeTrees({
  repository,
  request,
  target,
  signal,
}: Computation): Promise<{ readonly kind: 'tree'; readonly tree: string } | NotMerged> {
  const merged = await mergeTree(repository, [target.commit, request.commit], signal);
  switch (merged.kind) {
    case 'tree':
      return merged;
    case 'unrelated': {
      const message = `The thread's branch and ${request.target} have no commit in common, so there is nothing to merge on.`;
      return blocked('unrelated_histories', message);
    }
    case 'conflicts': {
      const { files } = merged;
      const message = `The thread and ${request.target} changed the same places in ${named(files)}. Bring ${request.target} into the thread's branch (ask its agent to), resolve there, review and merge again.`;
      return { kind: 'conflicted', files, message };
    }
  }
}

export type TreeMerge =
  | { readonly kind: 'tree'; readonly tree: string }
  | { readonly kind: 'conflicts'; readonly files: readonly string[] }
  | { readonly kind: 'unrelated' };

/** `git merge-tree` of two commits: the tree, or what is in conflict. */
export async function mergeTree(
  repository: Computation['repository'],
  [ours, theirs]: readonly [string, string],
  signal?: AbortSignal,
): Promise<TreeMerge> {
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ours, theirs];
  const output = await repository.run({ args, signal, accept: [0, 1, 128] });
  if (output.exitCode === 128) {
    if (gitFailure(output.stderr) === 'unrelated_histories') return { kind: 'unrelated' };
    throw gitFailed({ args, exitCode: output.exitCode, stderr: output.stderr });
  }
  const [tree = '', ...names] = output.fields();
  if (output.exitCode === 0) return { kind: 'tree', tree };
  return { kind: 'conflicts', files: [...new Set(names.filter(name => name !== ''))] };
}
