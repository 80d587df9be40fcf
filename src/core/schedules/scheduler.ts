import { deferred, type Deferred } from '../../base/async.js';
import type { AlarmClock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { inOneTurn, type FireService } from './fireService.js';
import type { ScheduleService } from './scheduleService.js';
import type { ScheduleStores } from './scheduleStore.js';
import type { Trigger } from './trigger.js';

/** Triggers that are read at once; the others follow when these have fired. */
const batch = 100;
/** A clock that was set back by less makes no difference to anybody. */
const noticeMs = 2_000;
/** After a fire that could not be written down (a full disk): its moment is still due. */
const againAfterMs = 30_000;

/**
 * The one timer of all schedules.
 *
 *   asleep (until the earliest moment) ──due──► firing ──► asleep
 *   asleep ──a project was applied or removed, or the clock was set back──► reconciling ──► asleep
 *   asleep ──a thread of a run changed while fires wait──► delivering ──► asleep
 *
 * Nothing is polled: it sleeps to the earliest due moment, or for ever when there is none. {@link dispose} ends it; a moment that
 * came meanwhile is still due for the next host.
 */
export class Scheduler implements Disposable {
  readonly #store: Store<ProjectStores & ScheduleStores>;
  readonly #clock: AlarmClock;
  readonly #log: Log;
  readonly #schedules: ScheduleService;
  readonly #fires: FireService;
  readonly #ending = new AbortController();
  readonly #changed = new Set<ProjectId>();
  readonly #subscription: Disposable;
  #wake: Deferred<void> = deferred();
  /** A fire waited when it was last looked. */
  #isWaiting = false;
  /** Something ended since it was last looked. */
  #mayDeliver = false;
  #running: Promise<void> | undefined;

  constructor(options: {
    readonly store: Store<ProjectStores & ScheduleStores>;
    readonly clock: AlarmClock;
    readonly log: Log;
    readonly schedules: ScheduleService;
    readonly fires: FireService;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#schedules = options.schedules;
    this.#fires = options.fires;
    this.#subscription = this.#store.onDidCommit(events => {
      for (const { event } of events) {
        if (event.kind === 'project_changed') this.#changed.add(event.projectId);
        // Its end may be what a fire waits for.
        if (event.kind === 'thread_changed' || event.kind === 'run_changed') this.#mayDeliver = true;
        // Either may have left fires that wait.
        if (event.kind === 'topic_published' || event.kind === 'schedule_changed')
          this.#mayDeliver = this.#isWaiting = true;
      }
      if (this.#changed.size > 0 || (this.#mayDeliver && this.#isWaiting)) this.#wake.resolve();
    });
  }

  /** Begins, with every project looked at once: files may have been applied while no host scheduled. */
  start(): void {
    for (const { id } of this.#store.read(stores => stores.projects.list())) this.#changed.add(id);
    this.#running ??= this.#run(this.#ending.signal);
  }

  /** True while any trigger will fire by itself: the host must not end for idleness. */
  get isNeeded(): boolean {
    return this.#store.read(({ schedules }) => schedules.earliest() !== undefined || schedules.isAnyWaiting());
  }

  /** Resolves when no fire is at work. */
  async dispose(): Promise<void> {
    void this.#subscription.dispose();
    this.#ending.abort();
    this.#wake.resolve();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = deferred();
      try {
        this.#reconcile();
        await this.#fireDue(signal);
        await this.#deliver(signal);
        await this.#sleep(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.error('A schedule could not go on', { reason: errorMessage(error) });
        // It rejects when the scheduler ends, which the loop sees.
        await this.#clock.sleep(againAfterMs, signal).catch(() => undefined);
      }
    }
  }

  #reconcile(): void {
    for (const id of this.#changed) {
      const project = this.#store.read(stores => stores.projects.get(id));
      if (project) this.#schedules.reconcile(project);
      // Only now: what could not be written down is tried again.
      this.#changed.delete(id);
    }
  }

  async #fireDue(signal: AbortSignal): Promise<void> {
    const due = (): readonly Trigger[] => this.#store.read(stores => stores.schedules.due(this.#clock.now(), batch));
    for (let triggers = due(); triggers.length > 0; triggers = due()) {
      const failures: unknown[] = [];
      for (const [index, trigger] of triggers.entries()) {
        if (signal.aborted) return;
        try {
          await this.#fires.due(trigger);
        } catch (error) {
          failures.push(error);
        }
        if (index % inOneTurn === inOneTurn - 1) await this.#clock.sleep(0, signal);
      }
      // These are due still. They come again later, so that they hold up none of the others.
      if (failures.length > 0) throw failures[0];
    }
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    do {
      this.#mayDeliver = false;
      await this.#fires.deliver(signal);
      this.#isWaiting = this.#store.read(stores => stores.schedules.isAnyWaiting());
    } while (this.#isWaiting && this.#mayDeliver && !signal.aborted);
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    const at = this.#store.read(({ schedules }) => earlier(schedules.earliest(), schedules.nextAttempt()));
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    signal.addEventListener('abort', wake, { once: true });
    void this.#wake.promise.then(wake);
    try {
      if (signal.aborted) return;
      if (at === undefined) await this.#wake.promise;
      else await this.#wakeAt(at, woken);
    } catch (error) {
      // Woken before its time; anything else is told by the loop.
      if (!woken.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', wake);
      // Of the two ways to wake the other one is not waited for.
      woken.abort();
    }
  }

  /** Until then, or until so much time has passed: when it is not that late yet, the clock was set back. */
  async #wakeAt(at: number, { signal }: AbortController): Promise<void> {
    const now = this.#clock.now();
    await Promise.race([this.#clock.wakeAt(at, signal), this.#clock.sleep(Math.max(0, at - now) + noticeMs, signal)]);
    if (this.#clock.now() >= at) return;
    for (const { id } of this.#store.read(stores => stores.projects.list())) this.#changed.add(id);
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
