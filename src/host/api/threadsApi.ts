import { setImmediate } from 'node:timers/promises';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { isAppError } from '../../base/errors.js';
import type { CommandInput } from '../../core/runs/liveInput.js';
import { terminalSize } from './terminalSize.js';
import { isId, type MergeId } from '../../base/ids.js';
import type { BatchService } from '../../core/batches/batchService.js';
import type { ConflictPredictor } from '../../core/merges/conflictPredictor.js';
import type { HandMergeService } from '../../core/merges/handMergeService.js';
import type { NotebookService } from '../../core/notebooks/notebookService.js';
import type { MergeService } from '../../core/merges/mergeService.js';
import type { Message } from '../../core/messages/message.js';
import { requirePerson, type Caller } from '../../core/access/caller.js';
import { mostPriority } from '../../core/runs/runPriority.js';
import { isRunActive, isRunStopping } from '../../core/runs/run.js';
import type { ContextReference, Dispatch, DispatchService } from '../../core/threads/dispatchService.js';
import type { Project } from '../../core/projects/project.js';
import { findProjectOfHistory, projectOfFolder } from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import type { RetryThread } from '../../core/threads/retryThread.js';
import type { ThreadService as CoreThreadService } from '../../core/threads/threadService.js';
import type { ReviewService } from '../../core/reviews/reviewService.js';
import type { ThreadSettler } from '../../core/threads/threadSettler.js';
import type { ThreadStatus } from '../../core/threads/threadStatus.js';
import type { WorktreeDriver } from '../../core/workspaces/worktreeDriver.js';
import type {
  CommandInput as WireCommandInput,
  ContextReference as WireReference,
  DispatchRequest,
  ThreadService,
} from '../../protocol/gen/muster/v1/threads_pb.js';
import { threadGroupOf } from '../../protocol/threadDisplay.js';
import type { AgentProblems } from '../environment/agentProblems.js';
import { callerOf } from '../server/callPolicy.js';
import { absolutePath, fail, given, ignoredChoices, oneOf } from './requestFields.js';
import { projectFor } from './threadProject.js';
import { batchesApi } from './batchesApi.js';
import { threadFilesApi } from './threadFilesApi.js';
import { wireProject } from './wireProject.js';
import { safeNumber, wireMerge, wireMessage, wireRun, wireThread, wireVerdict } from './wire.js';

const statuses: readonly ThreadStatus[] = [
  'needs_you',
  'queued',
  'working',
  'ready',
  'merging',
  'merged',
  'closed',
  'failed',
  'abandoned',
];
const closingOutcomes = ['completed', 'failed'] as const;
/** A page that is written within some milliseconds. */
const maxPage = 500;
const defaultPage = 100;

export interface ThreadsApiOptions {
  readonly store: Store<Stores>;
  readonly dispatcher: DispatchService;
  readonly threads: CoreThreadService;
  readonly batches: BatchService;
  readonly retries: Pick<RetryThread, 'again'>;
  readonly merges: Pick<MergeService, 'cancelOf' | 'get'>;
  readonly reviews: ReviewService;
  readonly conflicts: Pick<ConflictPredictor, 'lookedAt'>;
  readonly handMerges: Pick<HandMergeService, 'lookedAt'>;
  readonly settler: ThreadSettler;
  readonly driver: WorktreeDriver;
  readonly problems: Pick<AgentProblems, 'of' | 'permissions'>;
  readonly notebooks: Pick<NotebookService, 'startWithRuns'>;
}

export function threadsApi(options: ThreadsApiOptions): ServiceImpl<typeof ThreadService> {
  const { store, dispatcher, threads, merges, reviews, conflicts, retries, settler, driver, problems, notebooks } =
    options;
  return {
    async dispatch(request, context) {
      const caller = callerOf(context);
      if (request.command) requirePerson(caller, 'Running a command in an agent’s place');
      else if (request.input) throw fail('input', 'only a command has one');
      const project = projectFor(store, request);
      if (request.priority !== 0) requirePerson(caller, 'Changing the turn of a run');
      if (request.notebookServer) requirePerson(caller, 'Starting a notebook server');
      if (request.threadId !== '') await options.handMerges.lookedAt(request.threadId);
      const thenMerge = mergeAfter(options, request, caller);
      const { thread, run } = await dispatcher.dispatch({
        ...toDispatch(request, { project, caller }),
        ...defined({ thenMerge }),
      });
      if (request.notebookServer) notebooks.startWithRuns(thread.id);
      // The agent is on its way before the answer is: writing that takes a tenth of what its start takes.
      await setImmediate();
      return { threadId: thread.id, messageId: run.messageId, runId: run.id, status: run.status };
    },

    async retryThread({ threadId, environment, idempotencyKey }) {
      await options.handMerges.lookedAt(threadId);
      const { thread, run } = await retries.again(threadId, { environment, key: given(idempotencyKey) });
      return { threadId: thread.id, messageId: run.messageId, runId: run.id, status: run.status };
    },

    async listThreads(request) {
      await settler.settledForLooking();
      const { folder, project } = request;
      return store.read(stores => {
        const page = stores.threads.page({
          limit: Math.min(maxPage, request.limit > 0 ? request.limit : defaultPage),
          statuses: request.statuses.flatMap(status => oneOf(statuses, status, 'statuses') ?? []),
          ...defined({
            projectId: listedProject(stores, { folder, project })?.id,
            agent: given(request.agent),
            cursor: given(request.cursor),
          }),
        });
        return { threads: page.threads.map(wireThread), nextCursor: page.nextCursor ?? '' };
      });
    },

    async overview({ folder, agent, statuses: wanted, doneLimit }) {
      await settler.settledForLooking();
      const all = wanted.flatMap(status => oneOf(statuses, status, 'statuses') ?? []);
      const included = all.length === 0 ? statuses : all;
      const found = store.read(stores => {
        const project = ownerOf(stores, absolutePath(folder, 'folder'));
        const filter = defined({ projectId: project?.id, agent: given(agent) });
        const page = (isWanted: (status: ThreadStatus) => boolean, limit: number) => {
          const these = included.filter(isWanted);
          if (these.length === 0 || limit <= 0) return { threads: [] };
          return stores.threads.page({ ...filter, statuses: these, limit: Math.min(maxPage, limit) });
        };
        return { project, open: page(status => !isDone(status), maxPage), done: page(isDone, doneLimit) };
      });
      return {
        ...(found.project && { project: wireProject(store, problems, found.project) }),
        threads: [...found.open.threads, ...found.done.threads].map(wireThread),
        nextCursor: found.open.nextCursor ?? '',
      };
    },

    async countThreads() {
      const { outcomes, messages } = store.read(stores => stores.threads.count());
      return { outcomes: [...outcomes].map(([outcome, count]) => ({ outcome, threads: count })), messages };
    },

    async getThread({ threadId }) {
      await options.handMerges.lookedAt(threadId);
      const view = await threads.get(threadId);
      conflicts.lookedAt(view.thread.id);
      return store.read(stores => ({
        thread: wireThread(view),
        messages: stores.messages.ofThread(view.thread.id).map(wireMessage),
        runs: stores.runs
          .ofThread(view.thread.id)
          .map(run => wireRun(run, { stopping: isRunStopping(run, stores.runs.isCancelled(run.id)) })),
        merges: stores.merges.ofThread(view.thread.id).map(merge => wireMerge(merge, stores.undos.get(merge.id)?.kind)),
        verdicts: stores.verdicts.ofThread(view.thread.id).map(wireVerdict),
      }));
    },

    async cancelThread({ threadId }, context) {
      const { thread, latestRun } = store.read(stores => findThread(stores, threadId));
      const ran = latestRun !== undefined && isRunActive(latestRun.status);
      const [merge] = await Promise.all([merges.cancelOf(thread.id, context.signal), threads.cancel(thread.id)]);
      return {
        thread: wireThread(await threads.get(thread.id)),
        ended: [...(ran ? ['run'] : []), ...(merge === undefined ? [] : ['merge'])],
      };
    },
    abandonThread: async ({ threadId, ignored }) => ({
      thread: wireThread(await threads.abandon(threadId, { ignored: oneOf(ignoredChoices, ignored, 'ignored') })),
    }),
    restoreThread: async ({ threadId }) => ({ thread: wireThread(await threads.restore(threadId)) }),
    async closeThread({ threadId, outcome, note, requireMerged, stop }) {
      const how = { outcome: oneOf(closingOutcomes, outcome, 'outcome'), note: given(note), requireMerged, stop };
      return { thread: wireThread(await threads.close(threadId, how)) };
    },
    reopenThread: async ({ threadId }) => ({ thread: wireThread(await threads.reopen(threadId)) }),

    getMessage: async ({ messageId }) => ({
      message: wireMessage(store.read(stores => findMessage(stores, messageId))),
    }),

    ...batchesApi(options),
    ...threadFilesApi({ store, threads, reviews, driver }),
  };
}

/** Only a person has a merge asked for again, and only one of the thread that is given the task. */
function mergeAfter(
  { merges, store }: Pick<ThreadsApiOptions, 'merges' | 'store'>,
  { thenMerge, threadId }: DispatchRequest,
  caller: Caller,
): MergeId | undefined {
  if (thenMerge === '') return undefined;
  requirePerson(caller, 'Asking for a merge');
  const merge = merges.get(thenMerge);
  if (merge.threadId !== store.read(stores => findThread(stores, threadId)).thread.id)
    throw fail('then_merge', 'it is a merge of another thread');
  return merge.id;
}

function toDispatch(
  request: DispatchRequest,
  { project, caller }: { readonly project: Project; readonly caller: Caller },
): Dispatch {
  return {
    project,
    agent: request.agent,
    prompt: request.prompt,
    context: request.context.map(toReference),
    environment: request.environment,
    command: request.command,
    skipHandoff: request.skipHandoff,
    withChanges: request.withChanges,
    ...defined({
      byRun: caller.kind === 'run' ? caller.run : undefined,
      thread: given(request.threadId),
      summary: given(request.summary),
      base: given(request.base),
      batch: given(request.batch),
      dependsOn: request.dependsOn.length === 0 ? undefined : request.dependsOn,
      idempotencyKey: given(request.idempotencyKey),
      input: request.input && commandInput(request.input),
      priority: request.priority === 0 ? undefined : priorityOf(request.priority),
      dueAt: request.scheduledFor === 0n ? undefined : safeNumber(request.scheduledFor, 'scheduled_for'),
    }),
  };
}

function priorityOf(priority: number): number {
  if (Math.abs(priority) > mostPriority) throw fail('priority', `it is from -${mostPriority} to ${mostPriority}`);
  return priority;
}

function commandInput({ terminal, rows, columns }: WireCommandInput): CommandInput {
  return terminal ? { terminal: terminalSize({ rows, columns }) } : {};
}

function findMessage(stores: Stores, id: string): Message {
  const message = isId<'message'>(id) ? stores.messages.get(id) : undefined;
  if (message) return message;
  throw fail('message_id', `there is no message ${JSON.stringify(id.slice(0, 60))}`);
}

/** The project that a list is limited to. */
function listedProject(
  stores: Stores,
  { folder, project }: { readonly folder: string; readonly project: string },
): Project | undefined {
  if (project !== '') return findProjectOfHistory(stores, project);
  return folder === '' ? undefined : projectOfFolder(stores, absolutePath(folder, 'folder'));
}

/** The project of a folder, or none. */
function ownerOf(stores: Stores, folder: string): Project | undefined {
  try {
    return projectOfFolder(stores, folder);
  } catch (error) {
    if (isAppError(error, 'project.unknown')) return undefined;
    throw error;
  }
}

function isDone(status: ThreadStatus): boolean {
  return threadGroupOf(status) === 'done';
}

function toReference(reference: WireReference): ContextReference {
  const { path, startLine, endLine } = reference;
  if (path === '' || path.includes('\0') || path.includes('\n'))
    throw fail('context.path', JSON.stringify(path.slice(0, 200)));
  return startLine > 0 ? { path, lines: { start: startLine, end: Math.max(startLine, endLine) } } : { path };
}
