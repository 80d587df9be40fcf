import { AppError, isAppError } from '../../base/errors.js';
import type { Merge } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { CommandContext } from '../command.js';
import { oneLine } from '../output/terminalText.js';
import { waitLimit } from '../../client/waitLimit.js';

const ended: ReadonlySet<string> = new Set(['merged', 'blocked', 'conflicted', 'failed', 'cancelled']);
/** A host that ends between the answer and the next life is waited for this often. */
const maximumReconnects = 5;

/** True when nothing becomes of the merge any more. */
export function hasEnded({ status }: Merge): boolean {
  return ended.has(status);
}

/** The merge as it is when it has ended, told on the way what it does; undefined when `timeoutMs` passed first. */
export async function waitForEnd(
  context: CommandContext,
  requested: Merge,
  timeoutMs?: number,
): Promise<Merge | undefined> {
  const timeout = waitLimit(timeoutMs);
  const signal = timeout ? AbortSignal.any([context.signal, timeout]) : context.signal;
  let client = await context.connect();
  let now = requested;
  for (let reconnects = 0; !hasEnded(now);) {
    try {
      const request = { mergeId: requested.id, seenMessage: now.message };
      now = presentMerge((await client.merges.waitMerge(request, { signal })).merge);
      if (!hasEnded(now) && now.message !== '') context.out.note(oneLine(now.message));
    } catch (error) {
      if (timeout?.aborted && !context.signal.aborted) return undefined;
      if (!isAppError(error, 'host.unreachable') || reconnects++ >= maximumReconnects) throw error;
      // The merge is in the database; the next host goes on with it.
      client = await context.reconnect();
    }
  }
  return now;
}

/** The merge of an answer. Errors: `merge.unknown`. */
export function presentMerge(answer: Merge | undefined): Merge {
  if (!answer) throw new AppError('merge.unknown', 'The host does not know this merge any more.', { merge: '' });
  return answer;
}
