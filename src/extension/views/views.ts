import type { ChangesView } from './changesView.js';
import type { ProjectsView } from './projectsView.js';
import type { ThreadsView } from './threadsView.js';
import type { WorktreesView } from './worktreesView.js';

/** The trees of the Muster container. */
export interface Views {
  readonly projects: ProjectsView;
  readonly threads: ThreadsView;
  readonly changes: ChangesView;
  readonly worktrees: WorktreesView;
}
