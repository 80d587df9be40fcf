import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import { isId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { RunDirectory } from '../runs/runDirectory.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { SandboxStores } from '../sandboxes/sandboxStore.js';
import type { RepositoryStores } from '../workspaces/knownRepository.js';
import type { SharedStateStores } from '../workspaces/pinnedState.js';
import type { Aside, RescueDriver } from '../workspaces/rescueDriver.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { WarmPool } from '../workspaces/warmPool.js';
import type { WorkspaceService } from '../workspaces/workspaceService.js';
import { garbageKey, runGarbage, type Garbage, type RetentionPolicy } from './garbage.js';
import type { RecordStores } from './recordStore.js';
import type { StateFiles, StoredFiles } from './stateFiles.js';

/** What a killed host left of scratch files is nobody's after this. */
const scratchMs = 24 * 60 * 60 * 1000;

/** A repository that had no new thread for so long does without a worktree that stands ready. */
const spareMs = 14 * 24 * 60 * 60 * 1000;

/** Rows that go in one transaction, so that no dispatch ever waits behind a large deletion. */
const rowsAtOnce = 1_000;

type RetentionStores = ThreadStores &
  RunStores &
  RescueStores &
  EventStores &
  RepositoryStores &
  SharedStateStores &
  SandboxStores &
  RecordStores;

export interface RetentionServiceOptions {
  readonly store: Store<RetentionStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: RetentionPolicy;
  readonly files: StateFiles;
  readonly directory: Pick<RunDirectory, 'remove'>;
  readonly driver: Pick<RescueDriver, 'discard' | 'asides' | 'dropAside'>;
  readonly workspaces: Pick<WorkspaceService, 'exclusive'>;
  readonly warm: Pick<WarmPool, 'list' | 'discard'>;
}

/** Lets go of what is older than a person wants to keep; never of anything of an open thread. */
export class RetentionService {
  readonly #options: RetentionServiceOptions;

  constructor(options: RetentionServiceOptions) {
    this.#options = options;
  }

  /** What would go now, by kind, oldest first. */
  async list(): Promise<readonly Garbage[]> {
    return [
      ...(await this.#runs()),
      ...(await this.#rescues()),
      ...(await this.#leftovers()),
      ...this.#spares(),
      ...(await this.#asides()),
      ...(await this.#sandboxes()),
      ...(await this.#journals()),
      ...(await this.#files()),
      ...this.#records(),
    ];
  }

  /** Removes what {@link list} names, or only those of it that were shown to a person. Answers what went. */
  async collect(shown?: ReadonlySet<string>): Promise<readonly Garbage[]> {
    const { log } = this.#options;
    const gone: Garbage[] = [];
    for (const garbage of await this.list()) {
      if (shown && !shown.has(garbageKey(garbage))) continue;
      log.info('Removing what is kept no longer', { kind: garbage.kind, path: garbage.path, bytes: garbage.bytes });
      try {
        await this.#remove(garbage);
        gone.push(garbage);
      } catch (error) {
        log.warn('It could not be removed', { path: garbage.path, reason: errorMessage(error) });
      }
    }
    return gone;
  }

  async #runs(): Promise<readonly Garbage[]> {
    const { store, clock, policy, files } = this.#options;
    const found = await files.runs();
    const kept = store.read(stores =>
      found.flatMap(({ name, path, bytes, modifiedAt }) => {
        if (!isId<'run'>(name)) return [];
        const run = stores.runs.get(name);
        const thread = run && stores.threads.get(run.threadId);
        const inUse = run !== undefined && (run.endedAt === undefined || !run.settled || isOpen(thread));
        return [{ run: name, path, bytes, endedAt: run?.endedAt ?? modifiedAt, inUse }];
      }),
    );
    return runGarbage(kept, policy, clock.now());
  }

  async #rescues(): Promise<readonly Garbage[]> {
    const { store, clock, policy, files } = this.#options;
    const old = store.read(stores =>
      stores.rescues
        .before(clock.now() - policy.rescueMs)
        .filter(({ threadId }) => !isOpen(stores.threads.get(threadId)))
        .filter(({ threadId }) => stores.operations.ofThread(threadId) === undefined),
    );
    const garbage: Garbage[] = [];
    for (const { id, threadId, ref, createdAt } of old) {
      const bytes = (await files.rescue(id))?.bytes ?? 0;
      garbage.push({ kind: 'rescue', rescue: id, thread: threadId, path: ref, bytes, since: createdAt });
    }
    return garbage;
  }

  async #leftovers(): Promise<readonly Garbage[]> {
    const { store, clock, policy, files } = this.#options;
    const found = await files.leftovers();
    return store.read(stores =>
      found.flatMap(({ thread: name, path, bytes, modifiedAt }) => {
        if (!isId<'thread'>(name) || clock.now() - modifiedAt <= policy.rescueMs) return [];
        const thread = stores.threads.get(name);
        // What no thread is known of may be all that is left of one whose database was damaged.
        if (thread === undefined || isOpen(thread) || stores.operations.ofThread(name) !== undefined) return [];
        return [{ kind: 'leftover' as const, thread: name, path, bytes, since: modifiedAt }];
      }),
    );
  }

  #spares(): readonly Garbage[] {
    const { warm, clock } = this.#options;
    return warm
      .list()
      .filter(({ state, madeAt }) => state === 'ready' && clock.now() - madeAt > spareMs)
      .map(({ id, path, madeAt }) => ({ kind: 'spare', spare: id, path, bytes: 0, since: madeAt }));
  }

  async #asides(): Promise<readonly Garbage[]> {
    const { store, clock, log, policy, driver } = this.#options;
    const garbage: Garbage[] = [];
    for (const { root, commonDir } of store.read(stores => stores.repositories.list())) {
      const place = { root, commonDir };
      try {
        const found = await driver.asides({ repository: root, commonDir });
        const old = found.filter(({ at }) => clock.now() - at > policy.rescueMs);
        const free = store.read(stores => old.filter(aside => !isWanted(stores, aside)));
        garbage.push(
          ...free.map(({ ref, at }) => ({
            kind: 'aside' as const,
            place,
            ref,
            path: `${root} ${ref}`,
            bytes: 0,
            since: at,
          })),
        );
      } catch (error) {
        // Deleted, or on a disk that is not there: nothing of it takes up space here.
        log.debug('A repository could not be looked through', { repository: root, reason: errorMessage(error) });
      }
    }
    return garbage;
  }

  async #sandboxes(): Promise<readonly Garbage[]> {
    const { store, clock, policy, files } = this.#options;
    const found = await files.sandboxes();
    return store.read(stores =>
      found.flatMap(({ name, path, bytes }) => {
        const sandbox = isId<'sandbox'>(name) ? stores.sandboxes.get(name) : undefined;
        // Of one that is not known nobody can say whether its thread is over.
        if (sandbox === undefined || isOpen(stores.threads.get(sandbox.threadId))) return [];
        if (clock.now() - sandbox.usedAt <= policy.runMs) return [];
        return [{ kind: 'sandbox' as const, sandbox: sandbox.id, path, bytes, since: sandbox.usedAt }];
      }),
    );
  }

  async #journals(): Promise<readonly Garbage[]> {
    const { store, clock, policy, files } = this.#options;
    const found = await files.journals();
    return store.read(stores =>
      found.flatMap(({ name, path, bytes, modifiedAt }) => {
        const thread = isId<'thread'>(name) ? stores.threads.get(name) : undefined;
        if (thread === undefined || isOpen(thread) || clock.now() - modifiedAt <= policy.runMs) return [];
        return [{ kind: 'journal' as const, thread: thread.id, path, bytes, since: modifiedAt }];
      }),
    );
  }

  #records(): readonly Garbage[] {
    const { store, clock, policy } = this.#options;
    const older = store.read(stores => stores.records.older(clock.now() - policy.recordMs));
    return older.map(({ kind: record, count, oldest }) => {
      return { kind: 'record', record, path: `${count} × ${record}`, bytes: 0, since: oldest };
    });
  }

  async #files(): Promise<readonly Garbage[]> {
    const { clock, policy, files } = this.#options;
    const older = (found: readonly StoredFiles[], ms: number): readonly StoredFiles[] =>
      found.filter(({ modifiedAt }) => clock.now() - modifiedAt > ms);
    const of = (kind: 'database' | 'scratch') => (file: StoredFiles) => {
      return { kind, path: file.path, bytes: file.bytes, since: file.modifiedAt };
    };
    return [
      ...older(await files.setAsideDatabases(), policy.rescueMs).map(of('database')),
      ...older(await files.scratch(), scratchMs).map(of('scratch')),
    ];
  }

  async #remove(garbage: Garbage): Promise<void> {
    const { files, directory } = this.#options;
    switch (garbage.kind) {
      case 'run':
        return await directory.remove(garbage.run);
      case 'rescue':
        return await this.#discard(garbage);
      case 'spare':
        await this.#options.warm.discard(garbage.spare);
        return;
      case 'aside': {
        const { ref, place } = garbage;
        const at = { repository: place.root, commonDir: place.commonDir };
        return await this.#unseen(ref, () => this.#options.driver.dropAside(at, ref));
      }
      case 'sandbox':
        return await this.#removeSandbox(garbage);
      case 'record':
        return await this.#prune(garbage);
      case 'journal':
      case 'leftover':
      case 'database':
      case 'scratch':
        return await files.remove(garbage);
    }
  }

  /** Its thread may have been opened again meanwhile. */
  async #removeSandbox({ sandbox: id, path }: Extract<Garbage, { readonly kind: 'sandbox' }>): Promise<void> {
    const { store, workspaces, files } = this.#options;
    const sandbox = store.read(stores => stores.sandboxes.get(id));
    if (sandbox === undefined) return;
    await workspaces.exclusive(sandbox.threadId, async () => {
      if (store.read(stores => isOpen(stores.threads.get(sandbox.threadId)))) return;
      await files.remove({ path });
      store.transact(stores => {
        const current = stores.sandboxes.get(id);
        if (current) stores.sandboxes.save({ ...current, state: 'removed' });
      });
    });
  }

  async #prune({ record }: Extract<Garbage, { readonly kind: 'record' }>): Promise<void> {
    const { store, clock, policy } = this.#options;
    const than = clock.now() - policy.recordMs;
    const prune = (): number => store.transact(stores => stores.records.prune(record, { than, limit: rowsAtOnce }));
    // A turn of its own for each, so that others get theirs in between.
    while (prune() === rowsAtOnce) await clock.sleep(1, new AbortController().signal);
  }

  /** Removes a ref of ours. Runs that are at work meanwhile have seen it, and none of them has taken it. */
  async #unseen(ref: string, remove: () => Promise<void>): Promise<void> {
    const { store } = this.#options;
    store.transact(stores => stores.shared.forget(ref));
    await remove();
    // One may have begun between the two.
    store.transact(stores => stores.shared.forget(ref));
  }

  /** While nothing else happens to the thread's files; it may have been brought back in the meantime. */
  async #discard({ rescue: id, thread }: Extract<Garbage, { readonly kind: 'rescue' }>): Promise<void> {
    const { store, clock, driver, workspaces } = this.#options;
    await workspaces.exclusive(thread, async () => {
      const rescue = store.read(stores => (isOpen(stores.threads.get(thread)) ? undefined : stores.rescues.get(id)));
      if (rescue === undefined) return;
      await this.#unseen(rescue.ref, () => driver.discard(rescue));
      store.transact(stores => {
        stores.rescues.delete(id);
        const current = stores.threads.get(thread);
        if (current?.rescue !== rescue.ref) return;
        stores.threads.update({ ...current, rescue: undefined, notes: [], updatedAt: clock.now() });
        stores.events.append({ kind: 'thread_changed', threadId: thread }, clock.now());
      });
    });
  }
}

/** A thread that is open may still want it: the changes of its reader, edits that can be put back, or what it began with. */
function isWanted({ runs, threads, shared }: RetentionStores, { run: id, commit }: Aside): boolean {
  if (id !== undefined) {
    const run = runs.get(id);
    return run === undefined || isOpen(threads.get(run.threadId));
  }
  // One that was removed can be restored, and merged then; one that waits for its first run is in no repository yet.
  if (
    threads
      .beganWith(commit)
      .some(thread => isOpen(thread) || thread.worktree !== undefined || thread.rescue !== undefined)
  )
    return true;
  return threads
    .withWorktree()
    .some(
      thread =>
        isOpen(thread) && shared.changes(thread.id).some(change => change.kind === 'edits' && change.kept === commit),
    );
}

function isOpen(thread: Thread | undefined): boolean {
  return thread?.outcome === 'open';
}
