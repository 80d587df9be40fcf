import { KeyedQueue } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { errorMessage } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Store } from '../store.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { SpareDriver, SpareId, SpareStores, SpareWorktree } from './spareWorktree.js';
import type { CreatedWorktree, CreateWorktree } from './worktreeDriver.js';

/** Below this many files a worktree is made in the time in which one is claimed, and a spare one only takes up space. */
const worthwhileFiles = 2_000;

interface WarmPoolOptions {
  readonly store: Store<SpareStores & ThreadStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly driver: SpareDriver;
  /** The folder that they are made in. */
  readonly folder: string;
  /** How many to keep for each repository; 0 for none. */
  readonly size: number;
  /** In repositories with at least this many files. */
  readonly worthwhile?: number;
}

/**
 * Keeps worktrees ready for threads that do not exist yet, for repositories in which making one takes time. Each is written down
 * before it is made and before it is claimed, so that the next host removes what a killed one left.
 */
export class WarmPool implements Disposable {
  readonly #options: WarmPoolOptions;
  readonly #perRepository = new KeyedQueue();
  readonly #leaving = new AbortController();
  readonly #subscription: Disposable;
  /** Looked at, to be brought to their base: no thread gets one meanwhile. */
  readonly #refreshing = new Set<SpareId>();

  constructor(options: WarmPoolOptions) {
    this.#options = options;
    const { store } = options;
    this.#subscription = store.onDidCommit(events => {
      for (const { event } of events) {
        if (event.kind !== 'merge_changed' || event.status !== 'merged') continue;
        const repository = store.read(stores => stores.threads.get(event.threadId))?.repository;
        if (repository !== undefined) this.#refreshAll(repository);
      }
    });
  }

  /** One for a thread, in the transaction in which the making of its worktree is written down. */
  claim(
    stores: SpareStores,
    { repository, base }: Pick<CreateWorktree, 'repository' | 'base'>,
  ): SpareWorktree | undefined {
    const ready = stores.spares
      .list()
      .filter(spare => spare.state === 'ready' && spare.repository === repository && !this.#refreshing.has(spare.id));
    const found = ready.find(spare => spare.base === base) ?? ready[0];
    if (found === undefined) return undefined;
    const claimed: SpareWorktree = { ...found, state: 'claimed' };
    stores.spares.save(claimed);
    return claimed;
  }

  /** After a worktree was made, or could not be: what was claimed is forgotten or removed, and the next one made. */
  settle(
    { repository, base }: Pick<CreateWorktree, 'repository' | 'base'>,
    claimed: SpareWorktree | undefined,
    created: CreatedWorktree | undefined,
  ): void {
    if (claimed && created?.claimed === true) this.#forget(claimed.id);
    else if (claimed) this.#inTurn(repository, () => this.#discard(claimed));
    if (created === undefined || created.files < (this.#options.worthwhile ?? worthwhileFiles)) return;
    this.#inTurn(repository, () => this.#fill({ repository, ...defined({ base }) }));
  }

  /** Once at the start of a host: removes what an earlier one was making, or giving to a thread, when it was killed. */
  recover(): void {
    const { store, size } = this.#options;
    for (const spare of store.read(stores => stores.spares.list())) {
      const left = spare.state === 'making' || spare.state === 'claimed' || (spare.state === 'ready' && size === 0);
      if (left) this.#inTurn(spare.repository, () => this.#discard(spare));
    }
  }

  /** All there are. */
  list(): readonly SpareWorktree[] {
    return this.#options.store.read(stores => stores.spares.list());
  }

  /** Removes one for good. False: somebody has been in it, and it stays. */
  async discard(id: SpareId): Promise<boolean> {
    const spare = this.#options.store.read(stores => stores.spares.list().find(other => other.id === id));
    if (spare === undefined) return true;
    return await this.#perRepository.run(spare.repository, () => this.#discard(spare));
  }

  /** Stops making them. Resolves when nothing is being made any more. */
  async dispose(): Promise<void> {
    this.#leaving.abort();
    await this.#subscription.dispose();
    await this.idle();
  }

  /** Resolves when nothing is being made. */
  async idle(): Promise<void> {
    const repositories = new Set(
      this.#options.store.read(stores => stores.spares.list()).map(spare => spare.repository),
    );
    await Promise.all([...repositories].map(repository => this.#perRepository.run(repository, async () => undefined)));
  }

  /** A base may have moved: the spare worktrees of the repository follow. */
  #refreshAll(repository: string): void {
    for (const spare of this.#of(repository)) this.#inTurn(repository, () => this.#refresh(spare.id));
  }

  #of(repository: string): readonly SpareWorktree[] {
    const all = this.#options.store.read(stores => stores.spares.list());
    return all.filter(spare => spare.state === 'ready' && spare.repository === repository);
  }

  /** In the background; what fails is tried again with the next thread. */
  #inTurn(repository: string, work: () => Promise<unknown>): void {
    void this.#perRepository
      .run(repository, async () => {
        if (!this.#leaving.signal.aborted) await work();
      })
      .catch((error: unknown) => {
        if (this.#leaving.signal.aborted) return;
        this.#options.log.warn('A worktree could not be kept ready', { repository, reason: errorMessage(error) });
      });
  }

  async #fill({ repository, base }: Pick<CreateWorktree, 'repository' | 'base'>): Promise<void> {
    const { store, ids, clock, driver, folder, size } = this.#options;
    const ready = this.#of(repository);
    for (const spare of ready) if (spare.base === base) await this.#refresh(spare.id);
    for (let missing = size - ready.length; missing > 0; missing--) {
      const id = ids.next<'spare'>();
      const request = { repository, path: `${folder}/${id}`, ...defined({ base }) };
      const begun: SpareWorktree = {
        ...request,
        id,
        state: 'making',
        commonDir: '',
        registeredAs: '',
        commit: '',
        settings: '',
        madeAt: clock.now(),
      };
      store.transact(({ spares }) => spares.save(begun));
      try {
        const made = await driver.make(request, this.#leaving.signal);
        store.transact(({ spares }) => spares.save({ ...begun, ...made, state: 'ready', madeAt: clock.now() }));
      } catch (error) {
        // The driver has removed what there was; the next host looks once more after one that this host left.
        if (!this.#leaving.signal.aborted) this.#forget(id);
        throw error;
      }
    }
  }

  /** One that a thread has claimed meanwhile is not touched. */
  async #refresh(id: SpareId): Promise<void> {
    const { store, driver, clock } = this.#options;
    const spare = store.read(({ spares }) => spares.list().find(other => other.id === id && other.state === 'ready'));
    if (spare === undefined) return;
    const written: SpareWorktree = { ...spare, state: 'making' };
    let isWritten = false;
    const onWrite = (): void => {
      this.#save(written);
      isWritten = true;
    };
    this.#refreshing.add(id);
    try {
      const refreshed = await driver.refresh(spare, { signal: this.#leaving.signal, onWrite });
      if (refreshed === 'unusable') await this.#discard(spare);
      else if (refreshed === 'touched') this.#save({ ...spare, state: 'touched' });
      else this.#save({ ...spare, ...refreshed, state: 'ready', madeAt: clock.now() });
    } catch (error) {
      // The next host removes what this one leaves half written.
      if (isWritten && !this.#leaving.signal.aborted) await this.#discard(written);
      throw error;
    } finally {
      this.#refreshing.delete(id);
    }
  }

  async #discard(spare: SpareWorktree): Promise<boolean> {
    const gone = await this.#options.driver.discard(spare);
    if (gone) this.#forget(spare.id);
    else this.#save({ ...spare, state: 'touched' });
    return gone;
  }

  #save(spare: SpareWorktree): void {
    this.#options.store.transact(({ spares }) => spares.save(spare));
  }

  #forget(id: SpareId): void {
    this.#options.store.transact(({ spares }) => spares.remove(id));
  }
}
