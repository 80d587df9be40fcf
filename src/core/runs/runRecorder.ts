import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { metered } from '../models/meteredRun.js';
import type { ModelStores } from '../models/modelStore.js';
import type { Store } from '../store.js';
import type { AgentEvent } from '../agents/agentEvent.js';
import { eventReader } from '../agents/eventReader.js';
import type { Provider } from '../agents/provider.js';
import { withoutEarlierRuns } from './earlierUsage.js';
import type { Run } from './run.js';
import { digestEvent, emptyDigest, type RunDigestState } from './runDigest.js';
import type { OutputLine } from './runOutput.js';
import type { RunSecrets } from './runSecrets.js';
import { withDigest } from './runTransitions.js';
import type { RunStores } from './runStore.js';
import type { EventStores } from '../events/eventLog.js';

/** How long progress may stay in memory before it is written and told: lists need no more than four updates a second. */
const flushAfterMs = 250;

/**
 * Turns a run's lines into its digest and keeps the digest in the store. A conversation id is written the moment it
 * appears; the rest at most every 250 ms, and with the run's end.
 */
export class RunRecorder {
  readonly #store: Store<RunStores & ModelStores & EventStores>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #eventsOf: (line: string) => readonly AgentEvent[];
  readonly #secrets: Pick<RunSecrets, 'hide'>;
  readonly #runId: Run['id'];
  readonly #run: Pick<Run, 'threadId' | 'agent'>;
  readonly #generation: number;
  readonly #stop = new AbortController();
  #digest: RunDigestState;
  /** Some of the answer was streamed. */
  #inPieces: boolean;
  #flushing: Promise<void> | undefined;

  constructor(options: {
    readonly store: Store<RunStores & ModelStores & EventStores>;
    readonly clock: Clock;
    readonly log: Log;
    readonly provider: Provider;
    readonly secrets: Pick<RunSecrets, 'hide'>;
    readonly run: Run;
    readonly digest?: RunDigestState;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#secrets = options.secrets;
    this.#runId = options.run.id;
    this.#eventsOf = eventReader(options.provider, { thread: options.run.threadId }, error =>
      this.#log.warn('A line of a run could not be read', { run: this.#runId, reason: errorMessage(error) }),
    );
    this.#run = options.run;
    this.#generation = options.run.generation;
    this.#digest = options.digest ?? emptyDigest;
    this.#inPieces = this.#digest.answerIsOpen === true;
  }

  get digest(): RunDigestState {
    this.#hideAnswer();
    return this.#digest;
  }

  record(lines: readonly OutputLine[]): void {
    const conversation = this.#digest.conversation;
    for (const line of lines) {
      for (const event of this.#eventsOf(line.text)) {
        this.#digest = digestEvent(this.#digest, this.#ofThisRun(event));
      }
      this.#digest = { ...this.#digest, offset: line.end };
    }
    this.#inPieces ||= this.#digest.answerIsOpen === true;
    if (this.#digest.conversation !== conversation) this.flush();
    else if (!this.#flushing) this.#flushing = this.#flushLater();
  }

  /** Writes the digest now. Does nothing for a run that ended or was taken over. */
  flush(): void {
    this.#hideAnswer();
    this.#store.transact(stores => {
      const run = stores.runs.get(this.#runId);
      if (!run || run.endedAt !== undefined || run.generation !== this.#generation) return;
      const next = metered(stores, withDigest(run, this.#digest));
      stores.runs.saveDigest(run.id, this.#digest);
      if (stores.runs.update(next) === 'fenced') return;
      stores.events.append(
        { kind: 'run_changed', threadId: run.threadId, runId: run.id, status: run.status },
        this.#clock.now(),
      );
    });
  }

  /** An answer that came in pieces may hold what none of them held. Done when it is written, not with every piece. */
  #hideAnswer(): void {
    if (!this.#inPieces) return;
    this.#digest = { ...this.#digest, answer: this.#secrets.hide(this.#runId, this.#digest.answer) };
  }

  #ofThisRun(event: AgentEvent): AgentEvent {
    const conversation = this.#digest.conversation;
    if (event.kind !== 'usage' || event.wholeConversation === undefined || conversation === undefined) return event;
    const { threadId, agent } = this.#run;
    const runs = this.#store.read(stores => stores.runs.ofThread(threadId));
    const earlier = runs.filter(
      run => run.id !== this.#runId && run.agent === agent && run.conversation === conversation,
    );
    return withoutEarlierRuns(event, earlier);
  }

  /** Ends the pending write; the caller writes the digest with the run's end. */
  dispose(): void {
    this.#stop.abort();
  }

  async #flushLater(): Promise<void> {
    try {
      await this.#clock.sleep(flushAfterMs, this.#stop.signal);
    } catch {
      return;
    }
    this.#flushing = undefined;
    try {
      this.flush();
    } catch (error) {
      // Nothing is lost: the next lines or the end of the run write all of it.
      this.#log.warn('The progress of a run was not written', { run: this.#runId, reason: errorMessage(error) });
    }
  }
}
