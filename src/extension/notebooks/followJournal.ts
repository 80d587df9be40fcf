import { isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import type { KernelSaying } from '../../client/notebooks/guestKernel.js';
import type { RunningCell } from './runningCells.js';

/**
 * Tells everything that a kernel said of an execution, from the first message to its end; true when it has ended. A host that
 * goes away meanwhile is replaced, and what was told is not told again.
 */
export async function followJournal(
  client: (signal: AbortSignal) => Promise<HostClient>,
  { threadId, messageId }: RunningCell,
  { until, say }: { readonly until: AbortSignal; readonly say: (saying: KernelSaying) => void },
): Promise<boolean> {
  let told = 0;
  for (;;) {
    try {
      const host = await client(until);
      let seen = 0;
      for await (const { lines } of host.notebooks.followCell({ threadId, messageId }, { signal: until }))
        for (const line of lines) {
          if (++seen <= told) continue;
          told = seen;
          const saying = parseSaying(line);
          if (saying) say(saying);
        }
      return true;
    } catch (error) {
      if (until.aborted) return false;
      if (!isAppError(error, 'host.unreachable')) throw error;
    }
  }
}

function parseSaying(line: string): KernelSaying | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const type: unknown = Reflect.get(value, 'type');
    const content = fields(Reflect.get(value, 'content'));
    if (typeof type !== 'string' || content === undefined) return undefined;
    return { type, content, metadata: fields(Reflect.get(value, 'metadata')) ?? {} };
  } catch {
    return undefined;
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}
