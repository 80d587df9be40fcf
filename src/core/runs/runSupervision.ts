import { deferred } from '../../base/async.js';
import type { Deferred } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import { toDisposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { RunDirectory, RunExit } from './runDirectory.js';
import { RunLimitClock } from './runLimitClock.js';
import type { OutputLine, RunOutput } from './runOutput.js';
import type { RunEnd, RunLimits, RunListener } from './runSupervisor.js';
import type { RunDriver, SandboxLaunch } from '../sandboxes/sandboxDriver.js';

/** How often a run that says nothing is looked at: a wrapper that was killed cannot write how the run ended. */
const livenessMs = 2000;
/** What `RunEnd` carries of standard error. */
const stderrTailBytes = 4096;

/** What a supervision works with. */
export interface SupervisionParts {
  readonly directory: RunDirectory;
  readonly output: RunOutput;
  /** Of the sandbox that the run is in. */
  readonly driver: RunDriver;
  readonly clock: Clock;
  readonly log: Log;
}

/** Why a run is over, decided once. */
type Verdict =
  | { readonly kind: 'exited'; readonly exit: RunExit }
  | { readonly kind: 'timed_out'; readonly limit: 'wall_clock' | 'stall' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'lost'; readonly started: boolean; readonly why?: string | undefined }
  | { readonly kind: 'not_started'; readonly error: unknown }
  /** This host stops watching; the run goes on. */
  | { readonly kind: 'released' };

/**
 * One run, from start or adoption to its end:
 *
 * beginning → watching → verdict → (stopping →) draining → ended, or → released.
 *
 * The first verdict holds. Everything that can give one (exit file, limits, the look whether anything is alive, a cancel,
 * a release) gives it through `#decide`. A stop is finished even when this host leaves: half-stopped agents help nobody.
 */
export class RunSupervision {
  readonly #run: RunId;
  readonly #parts: SupervisionParts;
  readonly #limits: RunLimits;
  readonly #listener: RunListener;
  readonly #decided: Deferred<Verdict> = deferred();
  readonly #limitClock: RunLimitClock;
  /** Aborted by the verdict: ends the waits for start, exit and limits. */
  readonly #watching = new AbortController();
  /** Aborted when the writer is known to have ended. */
  readonly #drain = new AbortController();
  /** Aborted when this host leaves. */
  readonly #leaving = new AbortController();
  /** Written by `#decide` alone. */
  #verdict: Verdict | undefined;
  #saidStarted = false;
  /** A process of it was seen, by this host or an earlier one. */
  #seenStarted: boolean;
  /** A person cancelled it while an earlier host had it. */
  readonly #cancelledEarlier: boolean;
  /** A cancel or a limit wants the run stopped: from here on it is brought to its end. */
  #stopWanted = false;
  #stopping: Promise<void> | undefined;
  /** Why it was to have come to nothing, where its wrapper had begun all the same. */
  #startFailure: unknown;

  constructor(options: {
    readonly run: RunId;
    readonly parts: SupervisionParts;
    readonly limits: RunLimits;
    readonly listener: RunListener;
    readonly usedMs: number;
    readonly seenStarted: boolean;
    readonly cancelled: boolean;
  }) {
    this.#run = options.run;
    this.#parts = options.parts;
    this.#limits = options.limits;
    this.#listener = options.listener;
    this.#seenStarted = options.seenStarted;
    this.#cancelledEarlier = options.cancelled;
    this.#limitClock = new RunLimitClock({
      clock: options.parts.clock,
      limits: options.limits,
      usedMs: options.usedMs,
    });
  }

  /** Starts the run. Resolves after `onEnded` or a release, when nothing of this object is going on any more. */
  async start(launch: SandboxLaunch): Promise<void> {
    // It may wait for a place where it has room: that is none of its own time.
    this.#limitClock.hold();
    try {
      await this.#parts.driver.start(launch, this.#watching.signal);
    } catch (error) {
      // Should a wrapper exist all the same, then it must not start the CLI after the listener heard that nothing started.
      // Nothing was spawned when the directory is gone; a wrapper could not even make its mark.
      if (!this.#verdict && (await this.#claimStart()) !== 'taken') this.#decide({ kind: 'not_started', error });
      else this.#startFailure = error;
    } finally {
      this.#limitClock.release();
    }
    await this.#watchFrom(0);
  }

  /** Takes the run over from an earlier host, whose tail came as far as byte `from`. Resolves like {@link start}. */
  async adopt(from: number): Promise<void> {
    await this.#attempt('What an earlier host left of a run could not be judged', () => this.#judgeLeftovers());
    await this.#watchFrom(from);
  }

  /** Gives up watching. A stop that is under way is finished and told first. */
  release(): void {
    if (this.#stopWanted) return;
    this.#decide({ kind: 'released' });
    this.#leaving.abort();
  }

  /** Stops the run, unless its end is decided. Rejects when something of it cannot be stopped. */
  async cancel(): Promise<void> {
    await this.#stopFor({ kind: 'cancelled' });
    await this.#stopping;
  }

  holdClock(): Disposable {
    this.#limitClock.hold();
    return toDisposable(() => this.#limitClock.release());
  }

  async #judgeLeftovers(): Promise<void> {
    if (this.#cancelledEarlier) return this.#beginStop({ kind: 'cancelled' });
    const exit = await this.#readExit();
    if (exit) this.#decide({ kind: 'exited', exit });
    else if (await this.#neverStarted()) this.#decide({ kind: 'lost', started: false });
    else if (!(await this.#parts.driver.isAlive(this.#run))) await this.#concludeGone();
  }

  async #watchFrom(from: number): Promise<void> {
    const { directory, output } = this.#parts;
    const tail = this.#attempt('The output of a run could not be read', () =>
      output.tail(this.#run, {
        from,
        until: this.#drain.signal,
        signal: this.#leaving.signal,
        onLines: lines => this.#onLines(lines),
      }),
    );
    const { signal } = this.#watching;
    const watches = [
      this.#attempt('Waiting for the start of a run failed', async () => {
        await directory.waitForStart(this.#run, signal);
        this.#sayStarted();
      }),
      this.#attempt('Waiting for the end of a run failed', async () => {
        const exit = await directory.waitForExit(this.#run, signal);
        this.#decide({ kind: 'exited', exit });
      }),
      this.#attempt('Watching the limits of a run failed', () => this.#watchLimits()),
    ];
    const verdict = await this.#decided.promise;
    await Promise.all(watches);
    await this.#finish(verdict, tail);
  }

  async #watchLimits(): Promise<void> {
    const { clock, driver } = this.#parts;
    while (!this.#verdict) {
      await clock.sleep(Math.min(livenessMs, this.#limitClock.remaining()), this.#watching.signal);
      const limit = this.#limitClock.reached();
      if (limit) await this.#stopFor({ kind: 'timed_out', limit });
      else
        await this.#attempt('Looking whether a run is alive failed', async () => {
          if (!(await driver.isAlive(this.#run))) await this.#concludeGone();
        });
    }
  }

  /** Nothing is alive: either the exit file came at the last moment, or it will never come. */
  async #concludeGone(): Promise<void> {
    const exit = await this.#readExit();
    if (exit) this.#decide({ kind: 'exited', exit });
    else {
      const why = await this.#attempt('Why a run is lost could not be asked', async () =>
        this.#parts.driver.whyLost?.(this.#run),
      );
      this.#decide({ kind: 'lost', started: !(await this.#neverStarted()), why: why ?? this.#whyNotStarted() });
    }
  }

  #whyNotStarted(): string | undefined {
    return this.#startFailure === undefined ? undefined : errorMessage(this.#startFailure).replace(/\.?$/, '.');
  }

  async #stopFor(verdict: Verdict): Promise<void> {
    if (this.#verdict) return;
    this.#stopWanted = true;
    // A run that ended by itself a moment ago has ended by itself.
    const exit = await this.#readExit();
    if (exit) this.#decide({ kind: 'exited', exit });
    else this.#beginStop(verdict);
  }

  /** Brings the run to its end, if this verdict is the one that holds. */
  #beginStop(verdict: Verdict): void {
    this.#stopWanted = true;
    if (this.#decide(verdict)) this.#keepStopping();
  }

  #keepStopping(): void {
    this.#stopping = this.#stop();
    // Heard by whoever awaits it; nobody may be awaiting yet.
    this.#stopping.catch(() => undefined);
  }

  async #stop(): Promise<void> {
    // A wrapper on its way finds its start taken.
    await this.#claimStart();
    await this.#parts.driver.stop(this.#run, { graceMs: this.#limits.graceMs });
  }

  async #finish(verdict: Verdict, tail: Promise<'drained' | 'stopped' | undefined>): Promise<void> {
    if (verdict.kind === 'lost') this.#keepStopping();
    await this.#attempt('A run could not be stopped', async () => this.#stopping);
    this.#drain.abort();
    const stderrTail = await this.#stderrTail();
    // A tail that stopped early leaves the end of the run to the next host, which finds all of it.
    if ((await tail) === 'stopped' || verdict.kind === 'released') return;
    if (verdict.kind === 'exited' || (verdict.kind === 'lost' && verdict.started)) this.#sayStarted();
    this.#tell(() => this.#listener.onEnded(toRunEnd(verdict, stderrTail)));
    // What the agent left in the background would go on changing its worktree. The listener need not wait for that.
    if (verdict.kind === 'exited')
      await this.#attempt('What a run left behind could not be stopped', () => this.#stop());
  }

  /** True when this verdict is the one that holds. */
  #decide(verdict: Verdict): boolean {
    if (this.#verdict) return false;
    this.#verdict = verdict;
    this.#decided.resolve(verdict);
    this.#watching.abort();
    return true;
  }

  /** Reports a failure and goes on: the other ways to see the end of the run remain. After the verdict, waits end silently. */
  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const waiting = !this.#verdict;
    try {
      return await work();
    } catch (error) {
      if (!waiting || !this.#verdict) this.#parts.log.warn(what, { run: this.#run, reason: errorMessage(error) });
      return undefined;
    }
  }

  /** True when the command did not run and now never will. Somebody may have emptied the directory of a run that did. */
  async #neverStarted(): Promise<boolean> {
    const claim = await this.#claimStart();
    // A host before this one may have been killed while it gave the run up: what it claimed nobody has run.
    return (claim === 'claimed' || claim === 'given_up') && !this.#seenStarted;
  }

  async #claimStart(): Promise<'claimed' | 'given_up' | 'taken' | 'gone' | undefined> {
    return this.#attempt('The start of a run could not be claimed', () => this.#parts.directory.claimStart(this.#run));
  }

  async #readExit(): Promise<RunExit | undefined> {
    return this.#attempt('How a run ended could not be read', () => this.#parts.directory.readExit(this.#run));
  }

  async #stderrTail(): Promise<string> {
    const { directory } = this.#parts;
    const read = (): Promise<string> => directory.stderrTail(this.#run, stderrTailBytes);
    return (await this.#attempt('Standard error could not be read', read)) ?? '';
  }

  #onLines(lines: readonly OutputLine[]): void {
    this.#limitClock.sawOutput();
    this.#sayStarted();
    this.#tell(() => this.#listener.onLines(lines));
  }

  #sayStarted(): void {
    this.#seenStarted = true;
    if (this.#saidStarted) return;
    this.#saidStarted = true;
    this.#tell(() => this.#listener.onStarted());
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#parts.log.error('A listener of a run failed', { run: this.#run, reason: errorMessage(error) });
    }
  }
}

function toRunEnd(verdict: Exclude<Verdict, { kind: 'released' }>, stderrTail: string): RunEnd {
  switch (verdict.kind) {
    case 'exited':
    case 'timed_out':
    case 'lost':
      return { ...verdict, stderrTail };
    case 'cancelled':
    case 'not_started':
      return verdict;
  }
}
