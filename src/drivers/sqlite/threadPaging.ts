import { isId } from '../../base/ids.js';
import type { ThreadOutcome } from '../../core/threads/thread.js';
import type { ThreadStatus } from '../../core/threads/threadStatus.js';

/** True when every wanted status implies that there is a merge. */
export function needsMerge(statuses: readonly ThreadStatus[] | undefined): boolean {
  return (
    statuses !== undefined &&
    statuses.length > 0 &&
    statuses.every(status => status === 'merged' || status === 'merging')
  );
}

/** The one outcome that all of these derived statuses have, so that SQL can leave out the rest. */
export function onlyOutcome(statuses: readonly ThreadStatus[] | undefined): ThreadOutcome | null {
  if (!statuses || statuses.length === 0) return null;
  const found = new Set(
    statuses.map((status): ThreadOutcome | 'several' => {
      if (status === 'merged') return 'completed';
      if (status === 'failed' || status === 'abandoned') return status;
      return status === 'closed' ? 'several' : 'open';
    }),
  );
  const [first] = found;
  return found.size === 1 && first !== undefined && first !== 'several' ? first : null;
}

/** Where a page ended. */
interface Position {
  readonly createdAt: number;
  readonly id: string;
}

/** The beginning, for one that we did not make. */
export function parseCursor(cursor: string | undefined): Position {
  const [createdAt, id] = (cursor ?? '').split('.');
  if (createdAt === undefined || id === undefined || !isId(id) || !/^\d{1,15}$/.test(createdAt)) {
    return { createdAt: Number.MAX_SAFE_INTEGER, id: '' };
  }
  return { createdAt: Number(createdAt), id };
}

/** The opposite of {@link parseCursor}. */
export function formatCursor(position: Position): string {
  return `${position.createdAt}.${position.id}`;
}
