import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { CommentStores } from '../reviews/commentStore.js';
import { isRunActive, type Run } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { MergeService } from './mergeService.js';
import type { MergeResumption, MergeResumptionStores } from './resumption.js';

interface MergeResumerOptions {
  readonly store: Store<MergeResumptionStores & RunStores & ThreadStores & CommentStores & EventStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly merges: Pick<MergeService, 'retry'>;
}

/** Asks for merges again when the agents that were to resolve their conflicts have ended well, unless their person objects. */
export class MergeResumer implements Disposable {
  readonly #options: MergeResumerOptions;
  readonly #subscription: Disposable;

  constructor(options: MergeResumerOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      if (events.some(({ event }) => event.kind === 'run_changed')) this.resume();
    });
  }

  /** Looks at every merge that waits; also once at the start of a host. */
  resume(): void {
    const { store, clock } = this.#options;
    const over = store.read(stores =>
      stores.resumptions.list().flatMap(resumption => {
        const run = stores.runs.get(resumption.run);
        if (run && (isRunActive(run.status) || !run.settled)) return [];
        return [{ resumption, run: run?.status === 'succeeded' ? run : undefined }];
      }),
    );
    for (const { resumption, run } of over) {
      const isObjected = store.transact(stores => {
        stores.resumptions.remove(resumption.run);
        return run !== undefined && noteObjections(stores, run, clock.now());
      });
      if (run && !isObjected) void this.#again(resumption);
    }
  }

  async dispose(): Promise<void> {
    await this.#subscription.dispose();
  }

  async #again({ merge }: MergeResumption): Promise<void> {
    const { merges, log } = this.#options;
    try {
      await merges.retry(merge, { head: 'present' });
    } catch (error) {
      log.warn('A merge could not be asked for again', { merge, reason: errorMessage(error) });
    }
  }
}

/**
 * What a person wrote since they asked and has not sent would come too late after the merge: true when there is any, and the thread says
 * so.
 */
function noteObjections(
  { comments, threads, events }: ThreadStores & CommentStores & EventStores,
  { threadId, queuedAt }: Run,
  now: number,
): boolean {
  const thread = threads.get(threadId);
  const written = comments
    .ofThread(threadId)
    .filter(({ state, createdAt }) => state === 'draft' && createdAt >= queuedAt);
  if (!thread || written.length === 0) return false;
  const count =
    written.length === 1 ? 'A comment that is not sent was' : `${written.length} comments that are not sent were`;
  const note = `${count} written while the conflict was resolved, so that nothing was merged. Send what you wrote, or merge.`;
  threads.update({ ...thread, notes: [...(thread.notes ?? []), note], updatedAt: now });
  events.append({ kind: 'thread_changed', threadId }, now);
  return true;
}
