import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import type { IdSource, RunId } from '../../base/ids.js';
import type { RunConclusion } from '../agents/provider.js';
import type { EventStores } from '../events/eventLog.js';
import type { VerdictStores } from '../chains/agentVerdict.js';
import type { ChainStores } from '../chains/chainStore.js';
import { handOff } from '../chains/handOff.js';
import { endMetered } from '../models/meteredRun.js';
import type { ModelStores } from '../models/modelStore.js';
import type { Message } from '../messages/message.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { resolveDone } from '../reviews/answeredComments.js';
import type { CommentStores } from '../reviews/commentStore.js';
import type { Store } from '../store.js';
import { isRunActive, type Run } from './run.js';
import { emptyDigest, type RunDigestState } from './runDigest.js';
import { noteEnd, type BreakerStores } from './breaker.js';
import { retryIn } from './retryPolicy.js';
import type { RunDelayStores } from './runDelay.js';
import { after, type NextRun } from './runSequel.js';
import { modelOn, type ThreadModelStores } from '../threads/threadModel.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { RunStores } from './runStore.js';
import type { RunEnd } from './runSupervisor.js';
import { adoptRun, endRun, requeueRun, startRun } from './runTransitions.js';

/** What a run said, with what its provider makes of its exit. */
export interface RunFindings {
  readonly digest: RunDigestState;
  readonly conclusion?: RunConclusion;
}

type CommitStores = RunStores &
  MessageStores &
  ThreadStores &
  ThreadModelStores &
  ProjectStores &
  ChainStores &
  CommentStores &
  ModelStores &
  VerdictStores &
  RunDelayStores &
  BreakerStores &
  EventStores;

/**
 * The transactions of a run's life after its claim. Each is fenced: it changes nothing when the run's generation is no
 * longer the one that the caller holds, because another owner has taken the run over.
 */
export class RunCommits {
  readonly #store: Store<CommitStores>;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(options: { readonly store: Store<CommitStores>; readonly clock: Clock; readonly ids: IdSource }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  /** This host takes the run over. `undefined` when somebody else has. */
  adopted(run: Run): Run | undefined {
    return this.#store.transact(stores => {
      const next = adoptRun(run);
      return stores.runs.update(next) === 'applied' ? next : undefined;
    });
  }

  /** Written before its process is made: from here on a missing run directory is no proof that nothing ran. */
  launching(run: Run): void {
    this.#store.transact(stores => stores.runs.saveDigest(run.id, emptyDigest));
  }

  /** Its process exists. */
  started(run: Run): void {
    this.#step(run, current => startRun(current, this.#clock.now()));
  }

  /** Nothing of it was made yet: the next host claims it again. */
  requeued(run: Run): void {
    this.#step(run, requeueRun);
  }

  /** Written before anything of it is stopped, so that it stays cancelled whatever ends this host. */
  cancelling(id: RunId): void {
    this.#store.transact(stores => {
      const run = stores.runs.get(id);
      if (!run || !isRunActive(run.status)) return;
      stores.runs.noteCancel(id);
      // Whoever watches is told at once: its end may take seconds.
      const { threadId, status } = run;
      stores.events.append({ kind: 'run_changed', threadId, runId: id, status }, this.#clock.now());
    });
  }

  /** Writes the end together with what follows from it; the run as it is now, or `undefined` when it had ended already. */
  ended(run: Run, end: RunEnd, findings: RunFindings): Run | undefined {
    const now = this.#clock.now();
    return this.#store.transact(stores => {
      const current = stores.runs.get(run.id);
      if (!current || current.generation !== run.generation) return undefined;
      const concluded = endRun(current, end, { now, ...findings });
      if (concluded === current) return undefined;
      const next = endMetered(stores, concluded);
      stores.runs.dropNotes(run.id);
      if (stores.runs.update(next) === 'fenced') return undefined;
      const retryInMs = this.#retryIn(stores, next);
      const sequel = after(next, end, { now, retryInMs });
      for (const message of sequel.messages) stores.messages.insert({ ...message, id: this.#ids.next() });
      for (const each of sequel.runs) this.#queueAgain(stores, each, now);
      for (const event of sequel.events) stores.events.append(event, now);
      this.#noteProvider(stores, next, now);
      if (sequel.runs.length > 0) return next;
      resolveDone(stores, next, now);
      this.#handOn(stores, next, now);
      return next;
    });
  }

  /** In how many ms the message is to be run again. Nothing is on a thread that a person has ended. */
  #retryIn(stores: CommitStores, run: Run): number | undefined {
    // Whoever waits for its end waits for all that is read here.
    if (run.status === 'succeeded' || run.status === 'cancelled') return undefined;
    const thread = stores.threads.get(run.threadId);
    const project = thread && stores.projects.get(thread.projectId);
    if (!project || thread.outcome !== 'open') return undefined;
    const agent = project.spec.agents.find(({ name, enabled }) => enabled && name === run.agent);
    const attempts = stores.runs.ofThread(thread.id).filter(({ messageId }) => messageId === run.messageId);
    return retryIn({ run, agent, attempts });
  }

  #queueAgain(stores: CommitStores, { run, dueAt }: NextRun, now: number): void {
    const id = this.#ids.next<'run'>();
    stores.runs.insert({ ...run, id });
    if (dueAt !== undefined) stores.delays.put({ runId: id, dueAt, reason: 'retry' });
    stores.events.append({ kind: 'run_changed', threadId: run.threadId, runId: id, status: run.status }, now);
  }

  /** A command of the file's own is another program in each project: only built-in ones are counted. */
  #noteProvider(stores: CommitStores, run: Run, now: number): void {
    const thread = stores.threads.get(run.threadId);
    const spec = thread && stores.projects.get(thread.projectId)?.spec;
    if (spec && !spec.providers.some(({ name }) => name === run.provider)) noteEnd(stores, run, now);
  }

  /** Queues who is to work on the thread next, and writes down what the chain has come to. */
  #handOn(stores: CommitStores, run: Run, now: number): void {
    const thread = stores.threads.get(run.threadId);
    const project = thread && stores.projects.get(thread.projectId);
    const asked = stores.messages.get(run.messageId);
    if (!project || !asked || thread.outcome !== 'open') return;
    const chain = stores.chains.ofThread(thread.id);
    const verdict = stores.verdicts.ofRun(run.id);
    const facts = { run, spec: project.spec, asked, chain, verdict, head: thread.head, now };
    const messages = (): readonly Message[] => stores.messages.ofThread(thread.id);
    const next = handOff({ ...facts, messages });
    for (const { message, agent } of next.tasks) {
      const messageId = this.#ids.next<'message'>();
      const id = this.#ids.next<'run'>();
      stores.messages.insert({ ...message, id: messageId, runId: id });
      stores.runs.insert({
        id,
        threadId: thread.id,
        messageId,
        agent: agent.name,
        provider: agent.provider,
        status: 'queued',
        generation: 0,
        queuedAt: now,
        settled: false,
        ...defined({ model: modelOn(stores, thread.id, agent) }),
      });
      stores.events.append({ kind: 'run_changed', threadId: thread.id, runId: id, status: 'queued' }, now);
    }
    if (next.chain && next.chain !== chain) stores.chains.save(next.chain);
  }

  #step(run: Run, change: (run: Run) => Run): void {
    this.#store.transact(stores => {
      const current = stores.runs.get(run.id);
      if (!current || current.generation !== run.generation) return;
      const next = change(current);
      if (next === current || stores.runs.update(next) === 'fenced') return;
      stores.events.append(
        { kind: 'run_changed', threadId: run.threadId, runId: run.id, status: next.status },
        this.#clock.now(),
      );
    });
  }
}
