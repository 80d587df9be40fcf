import { AppError } from '../../base/errors.js';
import type { TakeBack } from '../workspaces/worktreeDriver.js';
import type { FileChange } from './changes.js';
import { patchOfHunks } from './patch.js';

/** Files that are there before and after, if by another name: their lines can be undone one by one. */
const hasLines: ReadonlySet<string> = new Set(['modified', 'renamed']);

/**
 * What undoes these pieces: whole files, and lines of others. Errors: `request.invalid` when a piece is not among what the thread
 * changed.
 */
export function undoing(files: readonly FileChange[], keys: readonly string[]): Pick<TakeBack, 'paths' | 'patch'> {
  const wanted = new Set(keys);
  const paths: string[] = [];
  let patch = '';
  for (const { file, hunks } of files) {
    const chosen = hunks.filter(({ key }) => wanted.delete(key));
    if (chosen.length === 0) continue;
    if (chosen.length === hunks.length || !hasLines.has(file.status)) {
      paths.push(file.path, ...(file.oldPath ? [file.oldPath] : []));
    } else patch += patchOfHunks(file.path, chosen);
  }
  if (wanted.size === 0 && keys.length > 0) return { paths, patch };
  throw new AppError('request.invalid', 'What was to be taken back is not there any more. Look at the changes again.', {
    field: 'hunks',
    reason: keys.length === 0 ? 'none was named' : 'the thread has changed',
  });
}
