import { KeyedLimit, within } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { Disposable } from '../../base/lifecycle.js';
import { commitSurely } from '../commitSurely.js';
import { targetOf } from '../merges/mergeTarget.js';
import { isUserDefined, permissionsOf } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Run } from '../runs/run.js';
import type { RunSecrets } from '../runs/runSecrets.js';
import type { SandboxService } from '../sandboxes/sandboxService.js';
import type { RunSupervisor } from '../runs/runSupervisor.js';
import type { Store } from '../store.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import { compareShared, type SharedStateStores } from '../workspaces/pinnedState.js';
import { worktreeOf } from '../workspaces/workspaceService.js';
import { allOf } from './partLookup.js';
import type { Thread, WorktreeTrouble } from './thread.js';
import { settingsTrouble, submoduleTrouble, troubleOf } from './worktreeTrouble.js';
import type { ThreadStores } from './threadStore.js';
import type { RunStores } from '../runs/runStore.js';
import type { EventStores } from '../events/eventLog.js';

/** What a snapshot changes of its thread. */
type Snapshot = Pick<Required<Thread>, 'head' | 'filesChanged' | 'additions' | 'deletions'> & {
  readonly trouble: WorktreeTrouble | undefined;
};

type SettlerStores = ThreadStores & RunStores & ProjectStores & SharedStateStores & RescueStores & EventStores;

/** How long a list or a look at a thread waits for its snapshot: git may hang, and lists must not. */
const lookWaitsMs = 2_000;
/** Threads of one repository whose work is committed at the same time: git reads whole worktrees for it. */
const settledAtOnce = 4;
/** How long an ending host waits: after that, the next one settles again. */
const endWaitsMs = 10_000;

/**
 * After a run's end: ends what the agent left going in the background, commits what it left uncommitted and counts the
 * changes. Until that is written the run is in the phase *settling*: its thread is shown as working, and its next run waits.
 *
 * Per thread, in all of its repositories, one after the other: ended (`settled = 0`) → leftovers stopped → snapshot, and secrets taken out of the run's
 * files → head, counts and `settled = 1` in one transaction. A snapshot that git or the agent's doing prevents is the thread's
 * `trouble`, written in its place: the thread needs a person until an approval, a repair or the end of another run could commit
 * the work. {@link dispose} begins no more; what a host did not come to, the next one takes up (`RunLifecycle.takeUpSettling`).
 */
export class ThreadSettler implements Disposable {
  readonly #store: Store<SettlerStores>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #driver: WorktreeDriver;
  readonly #supervisor: Pick<RunSupervisor, 'endLeftovers'>;
  readonly #sandboxes: Pick<SandboxService, 'bringHome'>;
  readonly #secrets: Pick<RunSecrets, 'blot'>;
  readonly #leaving = new AbortController();
  readonly #perRepository = new KeyedLimit(settledAtOnce);
  readonly #pending = new Map<ThreadId, Promise<void>>();

  constructor(options: {
    readonly store: Store<SettlerStores>;
    readonly clock: Clock;
    readonly log: Log;
    readonly driver: WorktreeDriver;
    readonly supervisor: Pick<RunSupervisor, 'endLeftovers'>;
    readonly sandboxes: Pick<SandboxService, 'bringHome'>;
    readonly secrets: Pick<RunSecrets, 'blot'>;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#driver = options.driver;
    this.#supervisor = options.supervisor;
    this.#sandboxes = options.sandboxes;
    this.#secrets = options.secrets;
  }

  /** Begins to settle an ended run. Resolves when that is done, or left to the next host; never rejects. */
  settle(run: Run): Promise<void> {
    const before = this.#pending.get(run.threadId) ?? Promise.resolve();
    const done = before
      .then(() => this.#settle(run))
      .finally(() => {
        if (this.#pending.get(run.threadId) === done) this.#pending.delete(run.threadId);
      });
    this.#pending.set(run.threadId, done);
    return done;
  }

  /** Resolves when nothing of the thread is waiting for a snapshot. */
  async settled(thread: ThreadId): Promise<void> {
    await this.#pending.get(this.#wholeOf(thread));
  }

  /** Runs are those of the whole. */
  #wholeOf(thread: ThreadId): ThreadId {
    return this.#store.read(stores => stores.parts.of(thread))?.whole ?? thread;
  }

  /** For looking, not for acting: like {@link settled} (of all threads when none is named), but only for a moment. */
  async settledForLooking(thread?: ThreadId): Promise<void> {
    const whole = thread && this.#wholeOf(thread);
    const pending = [...this.#pending].flatMap(([id, done]) => (whole === undefined || id === whole ? [done] : []));
    if (pending.length > 0) await within(Promise.all(pending), { ms: lookWaitsMs, clock: this.#clock });
  }

  /** Begins no more, and waits for what is under way, but not for ever. */
  async dispose(): Promise<void> {
    this.#leaving.abort();
    await within(Promise.all(this.#pending.values()), { ms: endWaitsMs, clock: this.#clock });
  }

  /** Commits uncommitted work now (an approval) and returns the branch's head. Errors: those of the driver. */
  async snapshot(thread: Thread, message: string): Promise<string | undefined> {
    try {
      const snapshot = await this.#commit(thread, message);
      if (!snapshot) return thread.head;
      this.#store.transact(stores => this.#save(stores, thread.id, snapshot));
      return snapshot.head;
    } catch (error) {
      this.#store.transact(stores => this.#save(stores, thread.id, { trouble: troubleOf(error) }));
      throw error;
    }
  }

  async #commit(thread: Thread, message: string): Promise<Snapshot | undefined> {
    const ref = worktreeOf(thread);
    if (!ref) return undefined;
    const { head } = await this.#driver.snapshot(ref, message, { base: thread.baseCommit });
    const target = this.#store.read(stores => targetOf(stores, thread));
    const { baseCommit: base, carried } = thread;
    const from = await this.#driver.comparison(ref, { head, target, base, carried });
    // A run that changed nothing leaves nothing to count: its worktree is what its commit says.
    const files = from === head ? [] : await this.#driver.changes(ref, from);
    return {
      head,
      filesChanged: files.length,
      additions: files.reduce((sum, file) => sum + file.additions, 0),
      deletions: files.reduce((sum, file) => sum + file.deletions, 0),
      trouble:
        submoduleTrouble(ref, await this.#driver.submodulesWithWork(ref)) ??
        (this.#isConfined(thread) ? settingsTrouble(files.map(({ path }) => path)) : undefined),
    };
  }

  /** An agent that may do everything anyway gains nothing by settings, and a command of the person's own reads none. */
  #isConfined({ projectId, agent }: Thread): boolean {
    const spec = this.#store.read(stores => stores.projects.get(projectId))?.spec;
    return spec !== undefined && !isUserDefined(spec, agent) && permissionsOf(spec, agent) !== 'auto';
  }

  #save(
    stores: ThreadStores & EventStores,
    id: ThreadId,
    snapshot: Snapshot | Pick<Thread, 'trouble'>,
    notes: readonly string[] = [],
  ): void {
    const current = stores.threads.get(id);
    if (!current) return;
    const now = this.#clock.now();
    const more = notes.length === 0 ? {} : { notes: [...(current.notes ?? []), ...notes] };
    stores.threads.update({ ...current, ...snapshot, ...more, updatedAt: now });
    stores.events.append({ kind: 'thread_changed', threadId: id }, now);
  }

  /** Never rejects. */
  async #settle(run: Run): Promise<void> {
    if (this.#leaving.signal.aborted) return;
    try {
      await this.#supervisor.endLeftovers(run.id);
    } catch (error) {
      this.#log.warn('What a run left behind could not be stopped', { run: run.id, reason: errorMessage(error) });
    }
    const threads = this.#store.read(stores => {
      const thread = stores.threads.get(run.threadId);
      return thread ? allOf(stores, thread) : [];
    });
    const [works] = await Promise.all([
      Promise.all(threads.map(thread => this.#workAndNotes(run, thread))),
      this.#secrets.blot(run.id),
    ]);
    // Head, counts and the end of the phase in one transaction: whoever sees that the thread is ready sees its work.
    const write = (): void =>
      this.#store.transact(stores => {
        for (const { id, snapshot, notes } of works) if (snapshot) this.#save(stores, id, snapshot, notes);
        stores.runs.settle(run.id);
        const { threadId, id: runId, status } = run;
        stores.events.append({ kind: 'run_changed', threadId, runId, status }, this.#clock.now());
      });
    await commitSurely(write, {
      what: `that run ${run.id} is settled`,
      clock: this.#clock,
      log: this.#log,
      signal: this.#leaving.signal,
    });
  }

  async #workAndNotes(run: Run, thread: Thread): Promise<Work & Pick<Thread, 'id'>> {
    const [work, notes] = await Promise.all([this.#workOf(run, thread), this.#notesOf(thread)]);
    return { ...work, id: thread.id, notes: [...work.notes, ...notes] };
  }

  /** What to tell of the person's own repository, which an agent can reach from its worktree. */
  async #notesOf(thread: Thread): Promise<readonly string[]> {
    const ref = worktreeOf(thread);
    if (!ref) return [];
    return await compareShared({ store: this.#store, driver: this.#driver, log: this.#log }, thread, ref);
  }

  /** No snapshot when there is nothing to commit it in; its notes say what could not be taken from a sandbox too. */
  async #workOf(run: Run, thread: Thread): Promise<Work> {
    try {
      const message = `${thread.summary}\n\nWork of ${run.agent}, kept by Muster when run ${run.id} ended.`;
      return await this.#perRepository.run(thread.repository ?? '', async () => {
        const left = thread.id === run.threadId ? await this.#sandboxes.bringHome(run, thread) : [];
        const snapshot = await this.#commit(thread, message);
        const work = snapshot ? await this.#putAside(thread, run, snapshot) : { notes: [] };
        return { ...work, notes: [...left, ...work.notes] };
      });
    } catch (error) {
      // The worktree is as the agent left it.
      this.#log.warn('Work of a run could not be committed', { run: run.id, reason: errorMessage(error) });
      return { snapshot: { trouble: troubleOf(error) }, notes: [] };
    }
  }

  /**
   * A reviewer works in the author's worktree, and nothing keeps it from writing there. What it may only read is brought back
   * to what was reviewed, so that nothing of the reviewer's lands with it; its own is kept.
   */
  async #putAside(thread: Thread, run: Run, snapshot: Snapshot): Promise<Work> {
    const ref = worktreeOf(thread);
    const { head: reviewed } = thread;
    const changed = reviewed !== undefined && snapshot.head !== reviewed;
    if (!ref || !changed || !this.#store.read(stores => isReader(stores, thread, run))) return { snapshot, notes: [] };
    // Each repository has refs of its own.
    const keepAs = `refs/muster/aside/${run.id}`;
    await this.#driver.setBack(ref, { to: reviewed, keepAs });
    const range = `${reviewed.slice(0, 8)} ${keepAs}`;
    const note = `${run.agent} may only read here, and changed files. They are put aside: \`git diff ${range}\` shows them.`;
    return { snapshot: { trouble: undefined }, notes: [note] };
  }
}

/** What came of committing what a run left, and what to tell about it. */
interface Work {
  readonly snapshot?: Snapshot | Pick<Thread, 'trouble'>;
  readonly notes: readonly string[];
}

function isReader({ projects }: ProjectStores, thread: Thread, run: Run): boolean {
  const agents = projects.get(thread.projectId)?.spec.agents ?? [];
  const workspace = agents.find(({ name }) => name === run.agent)?.workspace;
  return workspace?.provider === 'thread' && workspace.access === 'read';
}
