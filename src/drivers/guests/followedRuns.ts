import type { Clock } from '../../base/clock.js';
import { errorMessage, isAppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { UnderWay } from '../../base/underWay.js';
import type { RunMirror } from './runMirror.js';
import { FarTooLarge } from './unpackFolder.js';

/** Before who does not answer is asked again. */
const againMs = 2_000;
const mostFailures = 5;

/** A run elsewhere, by what is done with it. */
export interface FollowedRun {
  readonly run: RunId;
  readonly mirror: RunMirror;
  /** Until what it left is here. */
  readonly fetch: (signal: AbortSignal) => Promise<void>;
  /** Removes what is left of it elsewhere. */
  readonly remove: () => Promise<void>;
  /** Where what is elsewhere went by itself: why, in a sentence. */
  readonly whyGone: (error: unknown) => string | undefined;
  /** Whether somebody elsewhere does not answer, who may again: however often that happens, what the run left is still there. */
  readonly isElsewhere: (error: unknown) => boolean;
}

/** Runs elsewhere whose ends somebody waits for, in the background. */
export class FollowedRuns implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #following = new UnderWay<RunId>();
  readonly #ending = new AbortController();
  /** Of those whose ends nobody could write down. */
  readonly #lost = new Map<RunId, string>();

  constructor(options: { readonly log: Log; readonly clock: Clock }) {
    this.#log = options.log;
    this.#clock = options.clock;
  }

  has(run: RunId): boolean {
    return this.#following.has(run);
  }

  whyLost(run: RunId): string | undefined {
    return this.#lost.get(run);
  }

  /** Resolves when what the run left is here, or never will be. */
  async over(run: RunId): Promise<void> {
    await this.#following.over(run);
  }

  /** Follows it, unless somebody does. */
  begin(followed: FollowedRun): void {
    const { run } = followed;
    if (this.#following.has(run)) return;
    void this.#following
      .run(run, () => this.#follow(followed))
      .catch((error: unknown) => {
        if (this.#ending.signal.aborted) return;
        this.#log.error('What a run elsewhere came to could not be fetched', { run, reason: errorMessage(error) });
      });
  }

  dispose(): void {
    this.#ending.abort();
  }

  async #follow(followed: FollowedRun): Promise<void> {
    const { signal } = this.#ending;
    let isFetched = false;
    for (let failures = 0; ;) {
      signal.throwIfAborted();
      try {
        if (!isFetched) await this.#fetch(followed);
        isFetched = true;
        return await followed.remove();
      } catch (error) {
        signal.throwIfAborted();
        // A connection that broke off in the middle of a file, or a disk of this machine. What may not be removed is left to the next host.
        const mayAnswer = isFetched ? isAppError(error, 'sandbox.unavailable') : followed.isElsewhere(error);
        if (!mayAnswer && ++failures >= mostFailures) {
          if (!isFetched) this.#giveUp(followed, `What the run left could not be fetched: ${errorMessage(error)}`);
          throw error;
        }
        await this.#clock.sleep(againMs, signal);
      }
    }
  }

  /** What is gone, or too large, is not asked for again. */
  async #fetch({ run, mirror, fetch, whyGone }: FollowedRun): Promise<void> {
    const { signal } = this.#ending;
    try {
      await fetch(signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof FarTooLarge ? error.message : whyGone(error);
      if (why === undefined) throw error;
      this.#giveUp({ run, mirror }, why);
    }
  }

  #giveUp({ run, mirror }: Pick<FollowedRun, 'run' | 'mirror'>, why: string): void {
    const sentence = why.replace(/\.?$/, '.');
    this.#lost.set(run, sentence);
    try {
      mirror.note(`\n${sentence}\n`);
    } catch (error) {
      // A disk that is full, or a directory that is gone.
      this.#log.warn('Why a run is lost could not be noted', { run, reason: errorMessage(error) });
    }
  }
}
