import type { MenuPlace, SubmenuName } from './commandEntry.js';
import { onThread } from './menuPlaces.js';

interface SubmenuEntry {
  readonly title: string;
  readonly places: readonly MenuPlace[];
}

/** What is seldom wanted of a row. VS Code shows none of which nothing applies. */
export const submenuTable: Readonly<Record<SubmenuName, SubmenuEntry>> = {
  'muster.mergeMenu': { title: 'Merge Options', places: [onThread('thread', '2_merge@9')] },
  'muster.worktreeMenu': { title: 'Worktree and Notebooks', places: [onThread('worktree|notebooks', '3_more@1')] },
  'muster.copyMenu': { title: 'Copy', places: [onThread('thread', '5_copy@1')] },
};
