import { AppError, errorMessage } from '../../base/errors.js';
import type { MergeId } from '../../base/ids.js';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { EventStores } from '../events/eventLog.js';
import { isConsented } from '../projects/consent.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { Merge, MergePush } from './merge.js';
import type { MergeStores } from './mergeStore.js';
import { isPlainRemote } from './pullRequest.js';
import type { RemoteDriver } from './pullRequestService.js';

interface MergePusherOptions {
  readonly store: Store<ThreadStores & ProjectStores & MergeStores & EventStores>;
  readonly clock: Clock;
  readonly driver: Pick<RemoteDriver, 'pushApart'>;
}

/**
 * Pushes what has landed, where the project's file names an address (`merge.push`) and a person has agreed to it. What is to be pushed is
 * written down with the end of its merge, so that a host that is killed in between leaves it to the next one. A push that fails is a note:
 * what has landed stays.
 */
export class MergePusher implements Disposable {
  readonly #options: MergePusherOptions;
  readonly #subscription: Disposable;
  readonly #leaving = new AbortController();
  /** One after the other, in the order of the landings: each is on top of the one before. */
  #work = Promise.resolve();

  constructor(options: MergePusherOptions) {
    this.#options = options;
    this.#subscription = options.store.onDidCommit(events => {
      if (events.some(({ event }) => event.kind === 'merge_changed' && event.status === 'merged')) this.resume();
    });
  }

  /** Pushes what is due. */
  resume(): void {
    this.#work = this.#work.then(() => this.#pushDue());
  }

  async dispose(): Promise<void> {
    this.#leaving.abort();
    await this.#subscription.dispose();
    await this.#work;
  }

  /** Pushes the last merge of a thread once more, and says what came of it. Errors: `thread.*`, `merge.refused` (there is nothing to push). */
  async again(id: string): Promise<Merge> {
    const { store } = this.#options;
    const { thread, latestMerge } = store.read(stores => findThread(stores, id));
    const push = latestMerge?.status === 'merged' && store.read(stores => pushOf(stores, thread, latestMerge.id));
    if (!push) {
      const hasLanded = latestMerge?.status === 'merged';
      const reason = hasLanded ? 'its file has no `merge.push` for what has landed' : 'nothing of it has landed';
      throw new AppError('merge.refused', `Thread ${thread.id} is not pushed: ${reason}.`, {
        thread: thread.id,
        reason,
      });
    }
    this.#save(latestMerge, push);
    this.resume();
    await this.#work;
    return store.read(stores => stores.merges.get(latestMerge.id)) ?? latestMerge;
  }

  /** Never rejects. */
  async #pushDue(): Promise<void> {
    const { signal } = this.#leaving;
    for (const merge of this.#options.store.read(stores => stores.merges.toPush())) {
      if (signal.aborted) return;
      try {
        await this.#push(merge, signal);
      } catch (error) {
        if (signal.aborted) return;
        const { address = '' } = merge.push ?? {};
        this.#save(merge, { state: 'failed', address, problem: errorMessage(error) });
      }
    }
  }

  async #push({ id, threadId }: Merge, signal: AbortSignal): Promise<void> {
    const { store, driver } = this.#options;
    const found = store.read(stores => {
      const merge = stores.merges.get(id);
      const thread = stores.threads.get(threadId);
      const wanted = thread && pushOf(stores, thread, id);
      return merge && thread && { merge, thread, wanted, undone: stores.undos.get(id) !== undefined };
    });
    const push = found?.merge.push;
    if (!found || push?.state !== 'due') return;
    const { merge, thread, wanted, undone } = found;
    const { address } = push;
    const { repository, commonDir } = thread;
    if (undone) throw new Error('It was taken back before it was pushed.');
    // Agreed to when it landed, and still.
    if (wanted?.address !== address) throw new Error('The compose file names another address by now, or none.');
    if (!isPlainRemote(address)) throw new Error('This is no address that is pushed to.');
    if (repository === undefined || merge.commit === undefined) throw new Error('Nobody knows its commit any more.');
    await driver.pushApart(
      { repository, commonDir },
      { url: address, commit: merge.commit, branch: merge.target },
      signal,
    );
    this.#save(merge, { state: 'pushed', address });
  }

  #save({ id }: Merge, push: MergePush): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const merge = stores.merges.get(id);
      if (!merge) return;
      stores.merges.update({ ...merge, push });
      stores.events.append({ kind: 'thread_changed', threadId: merge.threadId }, clock.now());
    });
  }
}

/** The push that is wanted when a merge has landed; undefined: none. */
export function pushOf(
  { projects, parts, mergeSets }: ProjectStores & Pick<ThreadStores, 'parts'> & Pick<MergeStores, 'mergeSets'>,
  { id, projectId }: Pick<Thread, 'id' | 'projectId'>,
  merge: MergeId,
): MergePush | undefined {
  // The address is that of the project's own repository.
  if (parts.of(id) !== undefined) return undefined;
  // Others alone had something to land: the commit of this one is the thread's, which no target has to have.
  const member = mergeSets.ofMerge(merge)?.members.find(each => each.merge === merge);
  if (member && member.to === undefined) return undefined;
  const project = projects.get(projectId);
  const address = project?.spec.merge.push;
  if (address === undefined || !project || !isConsented(project.spec, project.consent)) return undefined;
  return { state: 'due', address };
}
