import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { IdSource, ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { anchorAt } from '../../base/textAnchor.js';
import type { AgentVerdict, Finding, VerdictStores } from '../chains/agentVerdict.js';
import type { EventStores } from '../events/eventLog.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { setResolved, type ReviewComment } from './comment.js';
import type { CommentStores } from './commentStore.js';

/** No finding has a line in a file that nobody can read. */
const maxFileBytes = 20_000_000;

export interface FindingCommentsOptions {
  readonly store: Store<ThreadStores & VerdictStores & CommentStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly driver: Pick<WorktreeDriver, 'show'>;
  readonly decode: (content: Uint8Array) => string;
}

/**
 * What reviewing agents found at lines of files, as comments of theirs. A later verdict of the same agent resolves what it
 * said before. What a killed host did not come to is made when the comments are asked for.
 */
export class FindingComments implements Disposable {
  readonly #options: FindingCommentsOptions;
  readonly #subscription: Disposable;

  constructor(options: FindingCommentsOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      const ended = events.flatMap(({ event }) =>
        event.kind === 'run_changed' && event.status === 'succeeded' ? [event.threadId] : [],
      );
      for (const threadId of new Set(ended)) {
        this.make(threadId).catch((error: unknown) =>
          options.log.warn('Findings of a reviewer were not made comments', {
            thread: threadId,
            reason: errorMessage(error),
          }),
        );
      }
    });
  }

  /** Makes comments of the verdicts of a thread that have none yet. */
  async make(threadId: ThreadId): Promise<void> {
    const { store, clock } = this.#options;
    const { thread, verdicts } = store.read(stores => ({
      thread: stores.threads.get(threadId),
      verdicts: stores.verdicts.ofThread(threadId).filter(({ findings }) => findings.some(({ file }) => file !== '')),
    }));
    if (!thread || verdicts.length === 0) return;
    for (const verdict of verdicts) {
      if (store.read(stores => isMade(stores, verdict))) continue;
      const comments = await this.#commentsOf(thread, verdict);
      if (comments.length === 0) continue;
      const now = clock.now();
      store.transact(stores => {
        if (isMade(stores, verdict)) return;
        for (const earlier of stores.comments.ofThread(threadId)) {
          const isSuperseded =
            earlier.runId !== undefined && earlier.author === verdict.agent && earlier.state === 'open';
          if (isSuperseded) stores.comments.save(setResolved(earlier, { resolved: true, by: verdict.agent, now }));
        }
        for (const comment of comments) stores.comments.save(comment);
        stores.events.append({ kind: 'thread_changed', threadId }, now);
      });
    }
  }

  dispose(): void | Promise<void> {
    return this.#subscription.dispose();
  }

  async #commentsOf(thread: Thread, verdict: AgentVerdict): Promise<readonly ReviewComment[]> {
    const made = await Promise.all(verdict.findings.map(finding => this.#commentOf(thread, verdict, finding)));
    return made.filter(comment => comment !== undefined);
  }

  /** Undefined for what is not about a file that is there: the verdict's own text has it. */
  async #commentOf(thread: Thread, verdict: AgentVerdict, finding: Finding): Promise<ReviewComment | undefined> {
    const { ids, driver, decode } = this.#options;
    const commit = verdict.commit === '' ? thread.head : verdict.commit;
    if (finding.file === '' || commit === undefined || thread.repository === undefined) return undefined;
    const file = await driver.show(thread.repository, commit, finding.file, { maxBytes: maxFileBytes });
    if (file.kind !== 'file') return undefined;
    const line = finding.line ?? 1;
    const anchor = anchorAt(decode(file.content).split('\n'), { start: line, end: line });
    return {
      id: ids.next(),
      threadId: thread.id,
      place: { path: finding.file, side: 'changed', anchor, commit },
      author: verdict.agent,
      text: finding.text,
      state: 'open',
      severity: finding.severity,
      createdAt: verdict.at,
      updatedAt: verdict.at,
      runId: verdict.runId,
    };
  }
}

function isMade(stores: CommentStores, { runId, threadId }: AgentVerdict): boolean {
  return stores.comments.ofThread(threadId).some(comment => comment.runId === runId);
}
