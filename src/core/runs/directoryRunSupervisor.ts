import type { Disposable } from '../../base/lifecycle.js';
import { toDisposable } from '../../base/lifecycle.js';
import type { RunId } from '../../base/ids.js';
import { RunSupervision } from './runSupervision.js';
import type { SupervisionParts } from './runSupervision.js';
import type { AdoptedRun, RunLimits, RunListener, RunSupervisor } from './runSupervisor.js';
import type { SandboxLaunch } from '../sandboxes/sandboxDriver.js';
import type { SandboxDrivers } from '../sandboxes/sandboxDrivers.js';

/** Between SIGTERM and SIGKILL, for what a run of an earlier host left. */
const leftoverGraceMs = 5_000;

type SupervisorParts = Omit<SupervisionParts, 'driver'> & { readonly drivers: Pick<SandboxDrivers, 'ofRun'> };

interface Watched {
  readonly supervision: RunSupervision;
  /** Resolves when the supervision has nothing more to do. Never rejects. */
  readonly over: Promise<void>;
}

/** Supervises runs through their run directories, whichever driver started them. */
export class DirectoryRunSupervisor implements RunSupervisor {
  readonly #parts: SupervisorParts;
  readonly #watched = new Map<RunId, Watched>();
  #disposed = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  start(launch: SandboxLaunch, limits: RunLimits, listener: RunListener): void {
    const { run } = launch;
    this.#watch(run, { limits, listener, usedMs: 0, seenStarted: false, cancelled: false }, supervision =>
      supervision.start(launch),
    );
  }

  adopt(adopted: AdoptedRun, limits: RunLimits, listener: RunListener): void {
    const { run, outputOffset, startedAt, seenStarted, cancelled } = adopted;
    // A clock that was set back gives no time away.
    const usedMs = Math.max(0, this.#parts.clock.now() - startedAt);
    this.#watch(run, { limits, listener, usedMs, seenStarted, cancelled }, supervision =>
      supervision.adopt(outputOffset),
    );
  }

  async cancel(run: RunId): Promise<void> {
    const watched = this.#watched.get(run);
    await watched?.supervision.cancel();
    await watched?.over;
  }

  async endLeftovers(run: RunId): Promise<void> {
    const watched = this.#watched.get(run);
    if (watched) await watched.over;
    else await this.#parts.drivers.ofRun(run).stop(run, { graceMs: leftoverGraceMs });
  }

  holdClock(run: RunId): Disposable {
    return this.#watched.get(run)?.supervision.holdClock() ?? toDisposable(() => undefined);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const watched = [...this.#watched.values()];
    for (const { supervision } of watched) supervision.release();
    await Promise.all(watched.map(({ over }) => over));
  }

  #watch(
    run: RunId,
    options: {
      readonly limits: RunLimits;
      readonly listener: RunListener;
      readonly usedMs: number;
      readonly seenStarted: boolean;
      readonly cancelled: boolean;
    },
    begin: (supervision: RunSupervision) => Promise<void>,
  ): void {
    if (this.#disposed) throw new Error('Run started after shutdown began');
    if (this.#watched.has(run)) throw new Error(`Run ${run} is watched already`);
    const parts = { ...this.#parts, driver: this.#parts.drivers.ofRun(run) };
    const supervision = new RunSupervision({ run, parts, ...options });
    const over = begin(supervision)
      .catch((error: unknown) => this.#parts.log.error('Supervising a run failed', { run, reason: String(error) }))
      .then(() => void this.#watched.delete(run));
    this.#watched.set(run, { supervision, over });
  }
}
