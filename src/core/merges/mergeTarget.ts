import type { ProjectStores } from '../projects/projectStore.js';
import type { Thread } from '../threads/thread.js';

/** The branch that a thread's work would go to if nobody says otherwise; undefined when it did not start from a branch. */
export function targetOf(stores: ProjectStores, thread: Thread): string | undefined {
  const named = stores.projects.get(thread.projectId)?.spec.merge.target;
  return named === undefined || named === '' ? branchOf(thread.baseRef) : named;
}

/** A base that was a tag or a remote branch is kept as its commit, which nothing can be merged into. */
export function branchOf(base: string | undefined): string | undefined {
  return base === undefined || /^[0-9a-f]{40,64}$/.test(base) ? undefined : base;
}
