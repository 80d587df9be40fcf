import type { Blocked, BlockedReason } from '../../../core/merges/mergeDriver.js';

/** A `blocked` outcome. */
export function blocked(reason: BlockedReason, message: string, files: readonly string[] = []): Blocked {
  return { kind: 'blocked', reason, message, files };
}

/** The first names of a list, for a sentence. */
export function named(files: readonly string[]): string {
  const shown = files.slice(0, 5).join(', ');
  return files.length > 5 ? `${shown} and ${files.length - 5} more` : shown;
}
