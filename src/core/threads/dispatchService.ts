import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import { isId, type IdSource, type MergeId, type MessageId } from '../../base/ids.js';
import type { AgentSpec, RepoSpec } from '../../compose/projectSpec.js';
import type { ProviderRegistries } from '../agents/providerRegistries.js';
import { isMergeActive } from '../merges/merge.js';
import { requireNoHandMerge, type OpenHandMergeStores } from '../merges/openHandMerge.js';
import { person, type Message } from '../messages/message.js';
import { sendComment, type CommentId } from '../reviews/comment.js';
import type { CommentStores } from '../reviews/commentStore.js';
import { requireConsent } from '../projects/consent.js';
import { requireDriver, type Project } from '../projects/project.js';
import { reposOf, requireApart, whyNotTogether } from '../projects/repositories.js';
import type { CommandInput, LiveInputs } from '../runs/liveInput.js';
import type { Run } from '../runs/run.js';
import { circleOf, requireBatchName } from '../batches/batch.js';
import type { RunDelayStores } from '../runs/runDelay.js';
import type { QueueStores } from '../runs/runQueue.js';
import { cancelQueuedRun } from '../runs/runTransitions.js';
import type { RunEnvironment } from '../runs/runEnvironment.js';
import type { RunLifecycle } from '../runs/runLifecycle.js';
import type { Store } from '../store.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { CarriedChanges } from '../workspaces/worktreeDriver.js';
import type { WorkspaceService } from '../workspaces/workspaceService.js';
import { partsOf, requireNoPart } from './partLookup.js';
import type { Thread } from './thread.js';
import { summaryOf } from './threadSummary.js';
import { shellCommandName } from '../agents/providers/shellCommand.js';
import { requireFuture, requirePrompt, requireRoomInQueue } from './dispatchChecks.js';
import { findThread, findThreadAlone } from './threadLookup.js';
import { baseAfterRemoval, threadClosed } from './removedWork.js';
import { requireNoOperation, threadMerging } from './idleThread.js';
import { modelOn, requireModelName, type ThreadModelStores } from './threadModel.js';
import type { ThreadStores } from './threadStore.js';
import { chainOff, type Chain } from '../chains/chain.js';
import type { ChainStores } from '../chains/chainStore.js';
import type { MergeStores } from '../merges/mergeStore.js';
import type { MergeResumptionStores } from '../merges/resumption.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { RunStores } from '../runs/runStore.js';
import type { EventStores } from '../events/eventLog.js';

export interface Dispatch {
  readonly project: Project;
  readonly agent: string;
  /** Who asks; missing: a person. */
  readonly from?: string;
  /** Id or unique prefix of the thread to follow up on; missing starts a new one. */
  readonly thread?: string;
  readonly prompt: string;
  readonly summary?: string;
  readonly context: readonly ContextReference[];
  readonly environment: Readonly<Record<string, string>>;
  /** Id of the run that calls: then the variables are those of its own thread, not what it sends. */
  readonly byRun?: string;
  readonly base?: string;
  /** In place of the compose file's, for a new thread as a whole. */
  readonly model?: string;
  /** The new thread begins with what the person has not committed. */
  readonly withChanges?: boolean;
  readonly idempotencyKey?: string;
  /** The prompt is a shell script that runs in the agent's place, with its workspace and environment. */
  readonly command?: boolean;
  /** Its standard input, when somebody gives it that while it runs. */
  readonly input?: CommandInput;
  /** Nothing of what it leads to is handed on to another agent. */
  readonly skipHandoff?: boolean;
  /** Not before this time, ms since the epoch. */
  readonly dueAt?: number;
  /** Its run starts before those of lower priority; missing: 0. */
  readonly priority?: number;
  /** What its thread belongs to. */
  readonly batch?: string;
  /** Not before these threads are completed: ids or unique prefixes. */
  readonly dependsOn?: readonly string[];
  /** Default: `dispatch`. */
  readonly intent?: 'dispatch' | 'changes-requested' | 'handoff';
  /** The chain that it goes on with; missing: it begins a new one. */
  readonly chain?: Chain;
  /** A merge of the thread that is asked for again when the run has ended well. */
  readonly thenMerge?: MergeId;
  /** Drafts of a review that the message brings to the agent; they are sent when it is. */
  readonly carries?: readonly CommentId[];
}

/** Part of a file, named rather than pasted. Lines are 1-based and inclusive. */
export interface ContextReference {
  readonly path: string;
  readonly lines?: { readonly start: number; readonly end: number };
}

export interface Dispatched {
  readonly thread: Thread;
  readonly run: Run;
}

type ReopenStores = ThreadStores & MergeStores & RescueStores & OpenHandMergeStores & EventStores;

type DispatchStores = ThreadStores &
  ThreadModelStores &
  MessageStores &
  RunStores &
  MergeStores &
  RescueStores &
  OpenHandMergeStores &
  ChainStores &
  CommentStores &
  QueueStores &
  MergeResumptionStores;

export interface DispatchServiceOptions {
  readonly store: Store<DispatchStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly providers: ProviderRegistries;
  readonly workspaces: WorkspaceService;
  readonly environment: RunEnvironment;
  readonly inputs: Pick<LiveInputs, 'expect'>;
  /** Hears of each run that was queued. */
  readonly runs: Pick<RunLifecycle, 'queuedIn'>;
}

/** Takes a task: checks everything a person may have got wrong, then writes thread, message and queued run together. */
export class DispatchService {
  readonly #options: DispatchServiceOptions;

  constructor(options: DispatchServiceOptions) {
    this.#options = options;
  }

  /**
   * Errors: `agent.unknown`, `consent.required`, `prompt.invalid`, `provider.unknown`, `queue.full`, `thread.unknown`, `thread.ambiguous`,
   * `thread.busy` (it is being merged), `merge.byHand`, `thread.closed`, those of finding the repository.
   */
  async dispatch(dispatch: Dispatch): Promise<Dispatched> {
    const { store, runs, inputs } = this.#options;
    const agent = await this.check(dispatch);
    const carried = await this.#carry(dispatch, agent);
    const { dispatched, start } = store.transact(stores => ({
      dispatched: this.#insert(stores, dispatch, agent, carried),
      start: runs.queuedIn(stores),
    }));
    this.#rememberEnvironment(dispatch, dispatched.thread);
    if (dispatch.input && dispatched.run.status === 'queued') inputs.expect(dispatched.run.id, dispatch.input);
    start();
    return dispatched;
  }

  /** What can be said before anything is written. Errors: as {@link dispatch}, but for those of the thread and the queue. */
  async check(dispatch: Dispatch): Promise<AgentSpec> {
    const { workspaces } = this.#options;
    const agent = requireAgent(dispatch.project, dispatch.agent);
    requireDriver(agent);
    requireConsent(dispatch.project);
    requirePrompt(dispatch.prompt);
    requireNewThread(dispatch);
    requireModelName(dispatch.model);
    requireFuture(dispatch.dueAt, this.#options.clock.now());
    this.#options.providers.of(dispatch.project.spec).get(agent.provider);
    if (agent.workspace.provider === 'worktree') await workspaces.repository(dispatch.project.folder);
    if (dispatch.thread === undefined) await this.#requireRepositories(dispatch, agent);
    if (dispatch.batch !== undefined) requireBatchName(dispatch.batch);
    return agent;
  }

  /** The other repositories that a new thread is to work in. Errors: `request.invalid`, those of finding a repository. */
  async #requireRepositories({ project, withChanges }: Dispatch, agent: AgentSpec): Promise<void> {
    if (reposOf(agent).length === 0) return;
    const reason = whyNotTogether(project.spec, agent);
    if (reason !== undefined) throw new AppError('request.invalid', reason, { field: 'workspace.repos', reason });
    if (withChanges === true) {
      const message = 'Uncommitted changes cannot be taken along by a thread of several repositories yet.';
      throw new AppError('request.invalid', message, { field: 'with_changes', reason: 'several repositories' });
    }
    await requireApart(this.#options.workspaces, project.folder, agent);
  }

  /** As the files are at this moment: the run may begin much later. */
  async #carry({ withChanges, project, base }: Dispatch, agent: AgentSpec): Promise<CarriedChanges | undefined> {
    if (withChanges !== true || agent.workspace.provider !== 'worktree') return undefined;
    return await this.#options.workspaces.carry(project, base ?? agent.workspace.base);
  }

  #rememberEnvironment({ environment: sent, byRun }: Dispatch, { id }: Thread): void {
    const { environment, store } = this.#options;
    if (byRun === undefined) return environment.remember(id, sent);
    const caller = isId<'run'>(byRun) ? store.read(stores => stores.runs.get(byRun)) : undefined;
    if (caller) environment.inherit(caller.threadId, id);
  }

  #insert(
    stores: DispatchStores,
    dispatch: Dispatch,
    agent: AgentSpec,
    carried: CarriedChanges | undefined,
  ): Dispatched {
    const { clock, ids } = this.#options;
    const repeated =
      dispatch.idempotencyKey === undefined ? undefined : stores.messages.byIdempotencyKey(dispatch.idempotencyKey);
    if (repeated) return findDispatched(stores, repeated);
    requireRoomInQueue(stores, dispatch.project);
    const now = clock.now();
    const thread =
      dispatch.thread === undefined
        ? this.#newThread(stores, dispatch, { now, carried })
        : reopen(stores, dispatch.thread, now);
    if (dispatch.model !== undefined) stores.threadModels.save(thread.id, { agent: agent.name, model: dispatch.model });
    const model = dispatch.command ? undefined : modelOn(stores, thread.id, agent);
    dropRetries(stores, thread, now);
    beginChain(stores, thread, dispatch);
    const messageId = ids.next<'message'>();
    const run: Run = {
      id: ids.next(),
      threadId: thread.id,
      messageId,
      agent: agent.name,
      provider: dispatch.command ? shellCommandName : agent.provider,
      status: 'queued',
      generation: 0,
      queuedAt: now,
      settled: false,
      ...defined({ model }),
      ...(dispatch.input ? { liveInput: true } : {}),
    };
    stores.messages.insert({
      id: messageId,
      threadId: thread.id,
      from: dispatch.from ?? person,
      to: agent.name,
      intent: dispatch.intent ?? 'dispatch',
      body: withContext(dispatch.prompt, dispatch.context),
      createdAt: now,
      runId: run.id,
      ...(dispatch.skipHandoff ? { skipHandoff: true } : {}),
      ...(dispatch.idempotencyKey === undefined ? {} : { idempotencyKey: dispatch.idempotencyKey }),
    });
    sendDrafts(stores, dispatch, { messageId, now });
    stores.runs.insert(run);
    if (dispatch.thenMerge !== undefined) stores.resumptions.save({ run: run.id, merge: dispatch.thenMerge });
    if (dispatch.dueAt !== undefined) stores.delays.put({ runId: run.id, dueAt: dispatch.dueAt, reason: 'scheduled' });
    if (dispatch.priority !== undefined) stores.priorities.put(run.id, dispatch.priority);
    if (dispatch.batch !== undefined) stores.batches.join(thread.id, dispatch.batch);
    dependOn(stores, run, dispatch.dependsOn ?? []);
    stores.events.append({ kind: 'run_changed', threadId: thread.id, runId: run.id, status: run.status }, now);
    return { thread, run };
  }

  #newThread(
    stores: DispatchStores,
    dispatch: Dispatch,
    { now, carried }: { readonly now: number; readonly carried: CarriedChanges | undefined },
  ): Thread {
    // What is checked out now, and not when the run begins.
    const base = carried ? (carried.branch ?? carried.onto) : dispatch.base;
    const thread: Thread = {
      id: this.#options.ids.next(),
      projectId: dispatch.project.id,
      agent: dispatch.agent,
      outcome: 'open',
      summary: summaryOf(dispatch.summary || dispatch.prompt),
      createdAt: now,
      updatedAt: now,
      ...defined({ requestedBase: base, carried: carried?.commit }),
    };
    stores.threads.insert(thread);
    for (const repo of reposOf(dispatch.project.spec.agents.find(({ name }) => name === dispatch.agent)))
      this.#insertPart(stores, thread, repo);
    stores.events.append({ kind: 'thread_changed', threadId: thread.id }, now);
    return thread;
  }

  #insertPart(
    { threads, parts }: DispatchStores,
    { carried: _carried, requestedBase: _base, ...whole }: Thread,
    { name, path, base, target }: RepoSpec,
  ): void {
    const id = this.#options.ids.next<'thread'>();
    threads.insert({ ...whole, id, ...defined({ requestedBase: base }) });
    parts.insert({ thread: id, whole: whole.id, name, path, ...defined({ target }) });
  }
}

/** A person's message begins a new chain, unless it goes on with one. */
function beginChain(stores: ChainStores, { id }: Thread, { chain, skipHandoff }: Dispatch): void {
  stores.chains.remove(id);
  if (chain) stores.chains.save(chain);
  if (skipHandoff) stores.chains.save(chainOff(id));
}

function sendDrafts(
  stores: CommentStores,
  { carries = [] }: Dispatch,
  { messageId, now }: { readonly messageId: MessageId; readonly now: number },
): void {
  for (const id of carries) {
    const comment = stores.comments.get(id);
    if (comment) stores.comments.save(sendComment(comment, messageId, now));
  }
}

function requireAgent(project: Project, name: string): AgentSpec {
  const agent = project.spec.agents.find(candidate => candidate.name === name);
  const known = project.spec.agents.filter(candidate => candidate.enabled).map(candidate => candidate.name);
  if (agent?.enabled) return agent;
  throw new AppError(
    'agent.unknown',
    agent
      ? `Agent ${name} is disabled in ${project.file} (enabled: false).`
      : `There is no agent ${JSON.stringify(name.slice(0, 60))} in ${project.file}. Known agents: ${known.join(', ') || 'none'}.`,
    { agent: name.slice(0, 60), known },
  );
}

/** A thread that is there has files of its own; what the person has changed since is brought to it by an update. */
function requireNewThread({ withChanges, thread, byRun }: Dispatch): void {
  if (withChanges !== true || (thread === undefined && byRun === undefined)) return;
  const reason = thread === undefined ? 'only a person has them' : 'the thread has begun already';
  const message = `Uncommitted changes cannot be taken along: ${reason}.`;
  throw new AppError('request.invalid', message, { field: 'with_changes', reason });
}

function dependOn(stores: DispatchStores, run: Run, references: readonly string[]): void {
  const on = references.map(reference => findThread(stores, reference).thread.id);
  const circle = circleOf(run.threadId, on, thread => stores.batches.dependencies(thread));
  if (circle) {
    const message = `Threads would wait for each other in a circle: ${circle.join(' → ')}. None of them could ever start.`;
    throw new AppError('request.invalid', message, { field: 'depends_on', reason: 'circle' });
  }
  for (const thread of on) stores.batches.depend(run.id, thread);
}

/** Whoever speaks to a thread does not want what failed before to be tried again on top of it. */
function dropRetries(stores: RunStores & RunDelayStores & EventStores, { id }: Thread, now: number): void {
  for (const { runId } of stores.delays.retriesIn(id)) {
    const run = stores.runs.get(runId);
    if (!run) continue;
    const cancelled = cancelQueuedRun(run, now);
    stores.runs.update(cancelled);
    stores.events.append({ kind: 'run_changed', threadId: id, runId: run.id, status: cancelled.status }, now);
  }
}

/**
 * A thread that is to go on. One whose work was merged whole and whose worktree was removed gets a new worktree from the
 * branch that has the work; one whose unmerged work was put away must be restored first. While a worktree is being removed
 * or brought back, nobody can say yet which of them it is.
 */
function reopen(stores: ReopenStores, id: string, now: number): Thread {
  const thread = findThreadAlone(stores, id);
  const merge = stores.merges.latestOf(thread.id);
  requireNoPart(stores, thread.id);
  if (merge && isMergeActive(merge.status)) throw threadMerging(thread, merge);
  requireNoOperation(stores, thread.id);
  if (thread.worktree !== undefined) requireNoHandMerge(stores.handMerges.ofThread(thread.id));
  if (thread.outcome === 'abandoned') throw threadClosed(thread, `Thread ${thread.id} was abandoned`);
  const base = baseAfterRemoval(stores, thread);
  // The new worktree begins at what was merged, and with nothing of the person's.
  const { carried: _began, ...merged } = thread;
  const fresh = base === undefined ? { ...thread } : { ...merged, requestedBase: base };
  const open: Thread = { ...fresh, outcome: 'open', updatedAt: now };
  stores.threads.update(open);
  for (const { thread: part } of partsOf(stores, thread.id)) {
    const partBase = baseAfterRemoval(stores, part);
    stores.threads.update({ ...part, outcome: 'open', updatedAt: now, ...defined({ requestedBase: partBase }) });
  }
  // That somebody works on it is told by the run: of itself it changes only when it had ended, or begins elsewhere.
  if (thread.outcome !== 'open' || base !== undefined)
    stores.events.append({ kind: 'thread_changed', threadId: thread.id }, now);
  return open;
}

/** What came of a message; a run that never started was followed by another. */
function findDispatched(stores: ThreadStores & RunStores, message: Message): Dispatched {
  const { thread } = findThread(stores, message.threadId);
  const run = stores.runs.ofThread(thread.id).findLast(each => each.messageId === message.id);
  if (!run) throw new Error(`Message ${message.id} has no run`);
  return { thread, run };
}

function withContext(prompt: string, context: readonly ContextReference[]): string {
  if (context.length === 0) return prompt;
  return `${prompt}\n\nFiles to look at:\n${context.map(placeText).join('\n')}\n`;
}

function placeText({ path, lines }: ContextReference): string {
  if (!lines) return `- ${path}`;
  const { start, end } = lines;
  return start === end ? `- ${path}, line ${start}` : `- ${path}, lines ${start} to ${end}`;
}
