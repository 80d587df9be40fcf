import type { ProjectStores } from '../projects/projectStore.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { Thread } from '../threads/thread.js';

/** The branch that a thread's work would go to if nobody says otherwise; undefined when it did not start from a branch. */
export function targetOf(stores: ProjectStores & Pick<ThreadStores, 'parts'>, thread: Thread): string | undefined {
  // What the file says of the project's repository says nothing about others.
  const part = stores.parts.of(thread.id);
  if (part) return part.target ?? branchOf(thread.baseRef);
  const named = stores.projects.get(thread.projectId)?.spec.merge.target;
  return named === undefined || named === '' ? branchOf(thread.baseRef) : named;
}

/** A base that was a tag or a remote branch is kept as its commit, which nothing can be merged into. */
export function branchOf(base: string | undefined): string | undefined {
  return base === undefined || /^[0-9a-f]{40,64}$/.test(base) ? undefined : base;
}
