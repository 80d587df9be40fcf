import { errorMessage, isAppError } from '../../base/errors.js';
import type { WorktreeTrouble } from './thread.js';

/** Why the work of a worktree could not be committed, as the thread keeps it until it could. */
export function troubleOf(error: unknown): WorktreeTrouble {
  const message = errorMessage(error);
  if (isAppError(error, 'worktree.replaced')) return { kind: 'replaced', message, files: [] };
  if (isAppError(error, 'worktree.missing')) return { kind: 'missing', message, files: [] };
  if (isAppError(error, 'worktree.unfinished')) return { kind: 'unfinished', message, files: error.data.files };
  return { kind: 'failed', message, files: [] };
}
