import type { AlarmClock } from '../../base/clock.js';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Provider } from '../agents/provider.js';
import { commitSurely } from '../commitSurely.js';
import type { RunMail } from '../mail/runMail.js';
import type { ModelStores } from '../models/modelStore.js';
import type { RunModels } from '../models/runModels.js';
import type { SandboxService } from '../sandboxes/sandboxService.js';
import type { Store } from '../store.js';
import type { LiveInputs } from './liveInput.js';
import type { Run } from './run.js';
import type { RunCommits, RunFindings } from './runCommits.js';
import type { RunDirectory } from './runDirectory.js';
import { concludingDigest, emptyDigest } from './runDigest.js';
import { RunQueue, type QueueStores } from './runQueue.js';
import type { RunLimit } from './runLimit.js';
import { RunRecorder } from './runRecorder.js';
import type { RunSecrets } from './runSecrets.js';
import type { RunStarter } from './runStarter.js';
import type { RunEnd, RunListener, RunSupervisor } from './runSupervisor.js';

export interface RunLifecycleOptions {
  readonly store: Store<QueueStores & ModelStores>;
  readonly clock: AlarmClock;
  readonly log: Log;
  readonly directory: RunDirectory;
  readonly supervisor: RunSupervisor;
  readonly starter: RunStarter;
  readonly sandboxes: Pick<SandboxService, 'dropped'>;
  readonly commits: RunCommits;
  readonly models: Pick<RunModels, 'lastCalls'>;
  readonly secrets: RunSecrets;
  /** Reads what runs write to the host. */
  readonly mail: Pick<RunMail, 'attend' | 'leave'>;
  readonly inputs: Pick<LiveInputs, 'leave'>;
  /** Puts away what an ended run left in its worktree. */
  readonly settler: { settle(run: Run): Promise<void> };
  /** Runs at the same time on this machine. */
  readonly limit: RunLimit;
}

/** A run whose process does not exist yet. */
interface Preparation {
  /** Aborted when the run is cancelled or the host ends. */
  readonly abort: AbortController;
  /** Resolves when its process is somebody's to watch, or will never be. Never rejects. */
  readonly over: Promise<void>;
}

/** Who reads what a run says. */
interface Reader {
  readonly recorder: RunRecorder;
  readonly provider: Provider;
}

/**
 * The life of a run, in the order of the methods:
 *
 *   queued ──► claimed ──► started ──► ended ──► settled
 *     ▲           │                      ▲
 *     └─ put back ┘ (host ends)  adopted ┘ (an earlier host started it)
 *
 * | step    | moved by                                    | stored as                    |
 * |---------|---------------------------------------------|------------------------------|
 * | queued  | a dispatch, or a run that never started     | `queued`                     |
 * | claimed | the queue, when the limits allow            | `starting`, generation + 1   |
 * | started | the supervisor: its process exists          | `running`                    |
 * | ended   | the supervisor, a failed preparation        | outcome, sequel, `settled=0`: the phase *settling* |
 * | settled | the settler: its work is committed          | `settled=1`                  |
 *
 * What kills it: {@link stop} ends the claims; {@link dispose} puts runs without a process back and leaves those that have one
 * to the next host, which begins at {@link takeUp}. Whoever holds an old generation writes nothing any more.
 */
export class RunLifecycle implements Disposable {
  readonly #options: RunLifecycleOptions;
  readonly #queue: RunQueue;
  readonly #preparing = new Map<RunId, Preparation>();
  readonly #leaving = new AbortController();
  readonly #hostEnds = new AppError('cancelled', 'The host ends.', {});

  constructor(options: RunLifecycleOptions) {
    const { store, clock, log, limit } = options;
    this.#options = options;
    this.#queue = new RunQueue({ store, clock, log, limit, execute: run => this.#claimed(run) });
  }

  /** A run was queued, or one that was queued is no longer: whatever may start now starts. */
  queued(): void {
    this.#queue.advance();
  }

  /** The same in the transaction that queues it; what is returned starts it, once that is written. */
  queuedIn(stores: QueueStores): () => void {
    return this.#queue.claimIn(stores);
  }

  /** The queue gave the run to this host; returns at once. */
  #claimed(run: Run): void {
    const abort = new AbortController();
    if (this.#leaving.signal.aborted) abort.abort(this.#hostEnds);
    const over = this.#launch(run, abort.signal).finally(() => this.#preparing.delete(run.id));
    this.#preparing.set(run.id, { abort, over });
  }

  async #launch(run: Run, signal: AbortSignal): Promise<void> {
    const { starter, supervisor, sandboxes, commits } = this.#options;
    try {
      const { launch, provider, limits } = await starter.prepare(run, signal);
      commits.launching(run);
      supervisor.start(launch, limits, this.#listener(run, this.#reader(run, provider)));
    } catch (error) {
      this.#attempt('The place of a run could not be given back', run.id, () => sandboxes.dropped(run.id));
      if (signal.aborted && signal.reason === this.#hostEnds && !this.#isCancelled(run)) {
        // Should that not get written, the next host finds that nothing of it was made.
        this.#attempt('A run could not be put back into the queue', run.id, () => commits.requeued(run));
        return;
      }
      if (!signal.aborted) this.#warn('A run could not be started', run.id, error);
      this.#ended(run, signal.aborted ? { kind: 'cancelled' } : { kind: 'not_started', error });
    }
  }

  /** Takes over every run that an earlier host claimed or started; returns how many. */
  async takeUp(): Promise<number> {
    const active = this.#options.store.read(stores => stores.runs.active());
    await Promise.all(active.map(({ run }) => this.adopt(run)));
    return active.length;
  }

  /** Begins to settle what earlier hosts left settling. */
  takeUpSettling(): void {
    const settling = this.#options.store.read(stores => stores.runs.settling());
    for (const { run } of settling) void this.#settle(run);
  }

  /** Takes over one run that nobody watches. */
  async adopt(run: Run): Promise<void> {
    const { store, clock, directory, supervisor, starter, commits } = this.#options;
    const adopted = commits.adopted(run);
    if (!adopted) return;
    const { launched, cancelled } = store.read(({ runs }) => ({
      launched: runs.digest(run.id),
      cancelled: runs.isCancelled(run.id),
    }));
    if (!launched && !(await directory.exists(run.id))) {
      // The claim was committed, but nothing was made yet: no process can exist. Of one that was launched the directory may
      // have been removed by somebody else, and its message must not run twice.
      this.#ended(adopted, cancelled ? { kind: 'cancelled' } : { kind: 'lost', started: false, stderrTail: '' });
      return;
    }
    const digest = launched ?? emptyDigest;
    const from = {
      run: run.id,
      outputOffset: digest.offset,
      seenStarted: run.startedAt !== undefined,
      cancelled,
      // Without a time of its start it had only just been claimed: what it waited in the queue was not its own.
      startedAt: run.startedAt ?? clock.now(),
    };
    const { provider, limits, problem } = starter.watchOf(adopted);
    if (provider) {
      const recorder = new RunRecorder({ ...this.#options, provider, run: adopted, digest });
      supervisor.adopt(from, limits, this.#listener(adopted, { recorder, provider }));
      return;
    }
    // Nobody could read what it says any more, so that it must not go on either.
    const onEnded = (): void => this.#ended(adopted, { kind: 'not_started', error: problem });
    supervisor.adopt(from, limits, { onStarted: () => {}, onLines: () => {}, onEnded });
    supervisor.cancel(run.id).catch((reason: unknown) => this.#warn('A run could not be stopped', run.id, reason));
  }

  /** What the supervisor tells of a run that has, or had, a process. */
  #listener(run: Run, reader: Reader): RunListener {
    return {
      onStarted: () => {
        this.#options.commits.started(run);
        this.#options.mail.attend(run);
      },
      onLines: lines => reader.recorder.record(lines),
      onEnded: end => {
        reader.recorder.dispose();
        // What it said last belongs to its end.
        this.#options.mail.leave(run.id);
        this.#ended(run, end, reader);
      },
    };
  }

  /** Commits the end with what follows from it; then its work is put away. */
  #ended(run: Run, end: RunEnd, reader?: Reader): void {
    const { clock, inputs, log } = this.#options;
    inputs.leave(run.id);
    const digest = reader?.recorder.digest ?? emptyDigest;
    const conclusion =
      end.kind === 'exited' ? reader?.provider.conclude(end.exit, concludingDigest(digest, end.stderrTail)) : undefined;
    const findings = { digest, ...(conclusion === undefined ? {} : { conclusion }) };
    const write = (): void => {
      const ended = this.#commitEnd(run, end, findings);
      if (ended) void this.#settle(ended);
    };
    const commit = (): void =>
      void commitSurely(write, { what: `the end of run ${run.id}`, clock, log, signal: this.#leaving.signal });
    const counting = reader && this.#options.models.lastCalls(run.id);
    if (!counting) return commit();
    // A host that ends meanwhile leaves the end to the next one.
    void counting.then(() => this.#leaving.signal.aborted || commit());
  }

  /** A disk that is full is waited for; what the store will never take must not keep the run from ending. */
  #commitEnd(run: Run, end: RunEnd, findings: RunFindings): Run | undefined {
    const { commits, log } = this.#options;
    try {
      return commits.ended(run, end, findings);
    } catch (error) {
      if (isAppError(error, 'state.unwritable')) throw error;
      log.error('What a run said cannot be stored; it ends as failed', { run: run.id, reason: errorMessage(error) });
      return commits.ended(run, { kind: 'unrecordable', error }, { digest: emptyDigest });
    }
  }

  /** Others may start at once; the thread's next run only when the work of this one is put away. */
  async #settle(run: Run): Promise<void> {
    const settled = this.#options.settler.settle(run);
    this.#queue.advance();
    await settled;
    this.#queue.advance();
  }

  /** A person wanted it ended when this host was ending already. */
  #isCancelled({ id }: Run): boolean {
    return this.#options.store.read(stores => stores.runs.isCancelled(id));
  }

  /** Stops an active run. Resolves when nothing of it is alive; its end is committed through the listener. */
  async cancel(run: RunId): Promise<void> {
    // A disk that is full keeps nobody from stopping what fills it.
    this.#attempt('That a run is cancelled could not be noted', run, () => this.#options.commits.cancelling(run));
    const preparation = this.#preparing.get(run);
    preparation?.abort.abort(new AppError('cancelled', 'The run was cancelled.', {}));
    await preparation?.over;
    await this.#options.supervisor.cancel(run);
  }

  /** Claims no more: the host is ending. */
  stop(): void {
    this.#queue.stop();
  }

  /** Leaves the runs that have no process yet to the next host. Resolves when none is being prepared. */
  async dispose(): Promise<void> {
    this.stop();
    this.#leaving.abort();
    const preparations = [...this.#preparing.values()];
    for (const { abort } of preparations) abort.abort(this.#hostEnds);
    await Promise.all(preparations.map(({ over }) => over));
  }

  #reader(run: Run, provider: Provider): Reader {
    return { recorder: new RunRecorder({ ...this.#options, provider, run }), provider };
  }

  #attempt(what: string, run: RunId, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#warn(what, run, error);
    }
  }

  #warn(message: string, run: RunId, error: unknown): void {
    this.#options.log.warn(message, { run, reason: errorMessage(error) });
  }
}
