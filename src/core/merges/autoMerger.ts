import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { isConsented } from '../projects/consent.js';
import { isUnderWay } from '../runs/run.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { MergeService } from './mergeService.js';
import type { MergeStores } from './mergeStore.js';

type AutoMergerStores = ThreadStores & ProjectStores & MergeStores;

interface AutoMergerOptions {
  readonly store: Store<AutoMergerStores>;
  readonly log: Log;
  readonly merges: Pick<MergeService, 'request'>;
}

/** Ready threads that a new host looks at; one is approved by agents for moments only before it is merged. */
const lookedAt = 500;

/**
 * Asks for the merge of what reviewing agents approved, in projects whose file says `merge.auto: true` and where a person has agreed to that.
 * The very commit that was approved is asked for, and once: what becomes of the merge is for people.
 */
export class AutoMerger implements Disposable {
  readonly #options: AutoMergerOptions;
  readonly #subscription: Disposable;

  constructor(options: AutoMergerOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      const threads = events.flatMap(({ event }) =>
        (event.kind === 'run_changed' && !isUnderWay(event.status)) || event.kind === 'thread_changed'
          ? [event.threadId]
          : [],
      );
      for (const thread of new Set(threads)) this.#consider(thread);
    });
  }

  /** Looks at every thread that is ready: an earlier host may have ended between an approval and its merge. */
  resume(): void {
    const { threads } = this.#options.store.read(stores =>
      stores.threads.page({ statuses: ['ready'], limit: lookedAt }),
    );
    for (const { thread } of threads) this.#consider(thread.id);
  }

  async dispose(): Promise<void> {
    await this.#subscription.dispose();
  }

  #consider(id: ThreadId): void {
    const commit = this.#options.store.read(stores => {
      const view = stores.threads.view(id);
      return view && approvedCommit(stores, view);
    });
    if (commit !== undefined) void this.#request(id, commit);
  }

  async #request(thread: ThreadId, expect: string): Promise<void> {
    const { merges, log } = this.#options;
    try {
      await merges.request({ thread, expect });
    } catch (error) {
      log.warn('What agents approved could not be merged', { thread, reason: errorMessage(error) });
    }
  }
}

/** The commit that is to land by itself; undefined when a person has to say so. */
function approvedCommit(stores: AutoMergerStores, view: ThreadView): string | undefined {
  const { thread, status, chain, comments } = view;
  const { head } = thread;
  if (status !== 'ready' || head === undefined || head === thread.baseCommit) return undefined;
  if (chain?.state !== 'approved' || !chain.said.every(({ verdict }) => verdict === 'approve')) return undefined;
  const project = stores.projects.get(thread.projectId);
  if (!project?.spec.merge.auto || project.removedAt !== undefined) return undefined;
  if (!isConsented(project.spec, project.consent)) return undefined;
  // A person who has something to say about it is heard first.
  if (comments && comments.drafts + comments.open > 0) return undefined;
  // A reviewer that may write, and did, has approved what was there before: nobody has looked at its own.
  const ofHead = chain.said.every(({ commit }) => commit === head);
  // Asked for once, whatever came of it.
  const isAsked = stores.merges.ofThread(thread.id).some(({ expect }) => expect === head);
  return chain.said.length > 0 && ofHead && !isAsked ? head : undefined;
}
