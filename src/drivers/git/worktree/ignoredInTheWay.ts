import { join } from 'node:path';
import { lookAt } from '../../../node/looks.js';
import type { WorktreeGit } from '../command/boundGit.js';

/** A file that a commit has, `HEAD` has not, and that lies here all the same: ignored, so that git would replace it without a word. */
export async function ignoredInTheWay(git: WorktreeGit, commit: string): Promise<string | undefined> {
  const args = ['diff', '--name-only', '--no-renames', '--diff-filter=A', '-z', 'HEAD', commit];
  const added = (await git.run({ args, reads: true })).fields().filter(path => path !== '');
  for (const path of added) {
    const segments = path.split('/');
    for (let depth = 1; depth <= segments.length; depth++) {
      const found = await lookAt(join(git.workTree, ...segments.slice(0, depth)));
      if (found === undefined) break;
      if (depth === segments.length || !found.isDirectory()) return path;
    }
  }
  return undefined;
}
