import { isAppError } from '../../base/errors.js';
import { fieldOf, numberField, recordField } from '../../base/unknownFields.js';
import type { HostClient } from '../../client/hostClient.js';
import type { KernelSaying } from '../../client/notebooks/guestKernel.js';
import type { RunningCell } from './runningCells.js';

/**
 * Tells everything that a kernel said of an execution, from the first message to its end, with the time of each; true when it has
 * ended. A host that goes away meanwhile is replaced, and what was told is not told again.
 */
export async function followJournal(
  client: (signal: AbortSignal) => Promise<HostClient>,
  { threadId, messageId }: RunningCell,
  { until, say }: { readonly until: AbortSignal; readonly say: (saying: KernelSaying, at: number) => void },
): Promise<boolean> {
  let heard = 0;
  for (;;) {
    try {
      const host = await client(until);
      let seen = 0;
      for await (const { lines } of host.notebooks.followCell({ threadId, messageId }, { signal: until }))
        for (const line of lines) {
          if (++seen <= heard) continue;
          heard = seen;
          const told = parseSaying(line);
          if (told) say(told.saying, told.at);
        }
      return true;
    } catch (error) {
      if (until.aborted) return false;
      if (!isAppError(error, 'host.unreachable')) throw error;
    }
  }
}

function parseSaying(line: string): { readonly saying: KernelSaying; readonly at: number } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const type = fieldOf(value, 'type');
    const at = numberField(value, 'at');
    if (typeof type !== 'string' || at === undefined) return undefined;
    const content = recordField(value, 'content') ?? {};
    return { saying: { type, content, metadata: recordField(value, 'metadata') ?? {} }, at };
  } catch {
    // A line that is half written, or damaged: the next ones are read all the same.
    return undefined;
  }
}
