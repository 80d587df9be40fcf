import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { FarFacades, FarPlace } from '../../core/models/farFacade.js';
import type { ModelAccess } from '../../core/models/modelAccess.js';
import type { ModelGate } from '../../core/models/modelGate.js';
import { isRunActive } from '../../core/runs/run.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { hostKeyOf, publicKeyText, signedToken, type CollectClaims } from './signedToken.js';
import { reportOf } from './usageReport.js';

const everyMs = 5_000;
/** Whoever waits for the end of a run waits for its last calls as long. */
const lastCallsMs = 5_000;
const wordMs = 60_000;
/** Runs that a facade is told of at once: the others' tokens end by themselves. */
const maxStopped = 1_000;

export interface FarUsageOptions {
  readonly store: Store<Stores>;
  readonly gate: ModelGate;
  readonly facades: FarFacades;
  readonly key: () => KeyObject;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Takes over what calls of models came to that went through facades elsewhere, while runs are at work that make some, and tells those
 * which runs are to call no more. A call is taken over once: the transaction that writes it down writes its number, too.
 */
export class FarUsage implements Disposable {
  readonly #options: FarUsageOptions;
  readonly #ending = new AbortController();
  /** By place. What is asked for meanwhile is asked for afterwards. */
  readonly #asking = new Map<string, Promise<void>>();
  #watching: Promise<void> | undefined;
  /** Since it last looked which runs there are. */
  #isWanted = false;
  #trouble = '';

  constructor(options: FarUsageOptions) {
    this.#options = options;
  }

  /** Begins to ask, when a run has a token or an earlier host left some. */
  begin(): void {
    if (this.#ending.signal.aborted) return;
    this.#isWanted = true;
    this.#watching ??= this.#watch().catch((error: unknown) => {
      this.#options.log.warn('Facades elsewhere are not asked until the next run', { reason: errorMessage(error) });
      this.#watching = undefined;
    });
  }

  /** The run's process has ended: takes over its last calls before its end is written. Missing for a run of no facade elsewhere. */
  lastCalls(run: RunId): Promise<void> | undefined {
    const far = this.#options.store.read(({ modelAccess }) => modelAccess.of(run)?.far);
    if (!far) return undefined;
    const late = this.#options.clock.sleep(lastCallsMs, this.#ending.signal).catch(() => undefined);
    // What was asked for before the end has not all of it.
    const asked = (this.#asking.get(keyOf(far.place)) ?? Promise.resolve()).then(() => this.#ask(far.place));
    return Promise.race([asked, late]);
  }

  async dispose(): Promise<void> {
    this.#ending.abort();
    await this.#watching;
    await Promise.all(this.#asking.values());
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options;
    let isLast = false;
    while (!this.#ending.signal.aborted) {
      this.#isWanted = false;
      const open = this.#open();
      await Promise.all(placesOf(open).map(place => this.#ask(place)));
      // Once more after the last has ended: facades are told that it has.
      if (isLast && !this.#isWanted) break;
      isLast = !open.some(({ isActive }) => isActive);
      await clock.sleep(isLast ? 0 : everyMs, this.#ending.signal).catch(() => undefined);
    }
    // At once: whoever begins from here on begins anew.
    this.#watching = undefined;
  }

  #open(): readonly { readonly access: ModelAccess; readonly isActive: boolean }[] {
    const { store, clock } = this.#options;
    return store.read(({ modelAccess, runs }) =>
      modelAccess.far(clock.now()).map(access => {
        const run = runs.get(access.run);
        return { access, isActive: run !== undefined && isRunActive(run.status) };
      }),
    );
  }

  /** Never rejects. */
  #ask(place: FarPlace): Promise<void> {
    const key = keyOf(place);
    const asking = this.#asking.get(key) ?? this.#collect(place).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #collect(place: FarPlace): Promise<void> {
    const { facades, log } = this.#options;
    try {
      for (let isMore = true; isMore && !this.#ending.signal.aborted;) {
        const said = await facades.ask(place, this.#word(place));
        const reports = said.map(reportOf).filter(report => report !== undefined);
        // One that says the same again has nothing more, whatever it says.
        isMore = reports.filter(report => this.#take(place, report) && report.more).length > 0;
      }
      this.#trouble = '';
    } catch (error) {
      const reason = errorMessage(error);
      // It goes on every few seconds.
      if (reason !== this.#trouble) log.warn('What a facade elsewhere counted cannot be had', { ...place, reason });
      this.#trouble = reason;
    }
  }

  #word(place: FarPlace): string {
    const { store, clock, key, gate } = this.#options;
    const issued = clock.now();
    const there = this.#open().filter(({ access: { far } }) => far && keyOf(far.place) === keyOf(place));
    const reached = gate.reachedBy(there.flatMap(({ access, isActive }) => (isActive ? [access.run] : [])));
    const stop = there.flatMap(({ access: { run, far }, isActive }): CollectClaims['stop'] => {
      const why = isActive ? reached.get(run) : 'The run has ended.';
      return why === undefined ? [] : [{ run, why, until: far?.expiresAt ?? issued, over: !isActive }];
    });
    const { facade } = place;
    const taken = Object.fromEntries(store.read(({ modelAccess }) => modelAccess.taken(facade)));
    const host = hostKeyOf(publicKeyText(key()))?.id ?? '';
    const claims = { use: 'collect', host, facade, issued, expires: issued + wordMs, taken } as const;
    return signedToken({ ...claims, stop: stop.slice(-maxStopped) }, key());
  }

  /** Whether there was something that it had not told before. */
  #take({ facade }: FarPlace, { process, calls, lost }: NonNullable<ReturnType<typeof reportOf>>): boolean {
    const { store, gate, clock, log } = this.#options;
    const at = clock.now();
    if (lost > 0) log.warn('A facade elsewhere had no room for all calls that nobody asked about', { facade, lost });
    return store.transact(stores => {
      let last = stores.modelAccess.taken(facade).get(process) ?? 0;
      const fresh = calls.filter(({ number }) => number > last);
      for (const { number, told } of fresh) {
        // Of its own runs alone: what it says of others is none of its business.
        if (told && stores.modelAccess.of(told.run)?.far?.place.facade === facade) gate.recordFar(stores, told);
        last = Math.max(last, number);
      }
      if (fresh.length > 0) stores.modelAccess.saveTaken(facade, process, { last, at });
      return fresh.length > 0;
    });
  }
}

function keyOf({ facade, context = '', namespace = '' }: FarPlace): string {
  return JSON.stringify([facade, context, namespace]);
}

function placesOf(open: readonly { readonly access: ModelAccess }[]): readonly FarPlace[] {
  const places = open.flatMap(({ access }) => access.far?.place ?? []);
  return [...new Map(places.map(place => [keyOf(place), place])).values()];
}
