import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import { isId } from '../../base/ids.js';
import type { MergeService } from '../../core/merges/mergeService.js';
import { targetOf } from '../../core/merges/mergeTarget.js';
import type { Message } from '../../core/messages/message.js';
import { requirePerson } from '../../core/access/caller.js';
import { isRunActive } from '../../core/runs/run.js';
import type { ContextReference, DispatchService } from '../../core/threads/dispatchService.js';
import type { Project } from '../../core/projects/project.js';
import { findProject, findProjectOfHistory, projectOfFolder } from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { Thread as CoreThread } from '../../core/threads/thread.js';
import { findThread } from '../../core/threads/threadLookup.js';
import { noWorktree, type ThreadService as CoreThreadService } from '../../core/threads/threadService.js';
import type { ReviewService } from '../../core/reviews/reviewService.js';
import type { ThreadSettler } from '../../core/threads/threadSettler.js';
import type { ThreadStatus } from '../../core/threads/threadStatus.js';
import type { ThreadView } from '../../core/threads/threadStore.js';
import type { WorktreeDriver } from '../../core/workspaces/worktreeDriver.js';
import { worktreeOf } from '../../core/workspaces/workspaceService.js';
import type {
  ChangedFile as WireChangedFile,
  ContextReference as WireReference,
  DispatchRequest,
  ThreadService,
} from '../../protocol/gen/muster/v1/threads_pb.js';
import { callerOf } from '../server/callPolicy.js';
import { absolutePath, fail, given, ignoredChoices, oneOf } from './requestFields.js';
import { wireChangedFile, wireMerge, wireMessage, wireRun, wireThread } from './wire.js';

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
const maxPage = 500;
const defaultPage = 100;
/** A review shows files one by one; the whole patch is for terminals. */
const maxPatchBytes = 8_000_000;
const maxBaseFileBytes = 20_000_000;

export interface ThreadsApiOptions {
  readonly store: Store<Stores>;
  readonly dispatcher: DispatchService;
  readonly threads: CoreThreadService;
  readonly merges: Pick<MergeService, 'cancelOf'>;
  readonly reviews: ReviewService;
  readonly settler: ThreadSettler;
  readonly driver: WorktreeDriver;
}

export function threadsApi(options: ThreadsApiOptions): ServiceImpl<typeof ThreadService> {
  const { store, dispatcher, threads, merges, reviews, settler, driver } = options;
  return {
    async dispatch(request, context) {
      const caller = callerOf(context);
      if (request.command) requirePerson(caller, 'Running a command in an agent’s place');
      const project = projectFor(store, request);
      const { thread, run } = await dispatcher.dispatch({
        project,
        agent: request.agent,
        prompt: request.prompt,
        context: request.context.map(toReference),
        environment: request.environment,
        command: request.command,
        skipHandoff: request.skipHandoff,
        ...defined({
          byRun: caller.kind === 'run' ? caller.run : undefined,
          thread: given(request.threadId),
          summary: given(request.summary),
          base: given(request.base),
          idempotencyKey: given(request.idempotencyKey),
        }),
      });
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

    async getThread({ threadId }) {
      const view = await threads.get(threadId);
      return store.read(stores => ({
        thread: wireThread(view),
        messages: stores.messages.ofThread(view.thread.id).map(wireMessage),
        runs: stores.runs.ofThread(view.thread.id).map(run => wireRun(run)),
        merges: stores.merges.ofThread(view.thread.id).map(wireMerge),
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

    async reviewThread({ threadId }, { signal }) {
      const { view, live } = await reviews.show(threadId);
      const { thread } = view;
      const target = store.read(stores => comparedTarget(stores, view));
      const { baseCommit, head, files } = await filesOf(driver, { thread, target, signal });
      return { baseCommit, head, files, thread: wireThread(view), live };
    },

    async approveThread({ threadId, shown, edits }) {
      const seen = edits.map(({ path, sha256 }) => ({ path, sha256 }));
      const { view, head } = await reviews.approve(threadId, { edits: seen, ...defined({ shown: given(shown) }) });
      return { thread: wireThread(view), head };
    },

    async diffThread({ threadId, withPatch }, context) {
      const view = await threads.get(threadId);
      const { thread } = view;
      const ref = worktreeOf(thread);
      const target = store.read(stores => comparedTarget(stores, view));
      const found = await filesOf(driver, { thread, target, signal: context.signal });
      if (!withPatch) return found;
      if (!ref) throw noWorktree(thread);
      const patch = await driver.patch(ref, found.baseCommit, maxPatchBytes, context.signal);
      return { ...found, patch: patch.text, patchTruncated: patch.truncated };
    },

    async readBaseFile({ threadId, path, commit }, context) {
      const { thread } = store.read(stores => findThread(stores, threadId));
      const { repository, baseCommit } = thread;
      if (repository === undefined || baseCommit === undefined) throw noWorktree(thread);
      if (commit !== '' && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
        throw fail('commit', 'not a full commit id');
      const file = await driver.show(repository, commit === '' ? baseCommit : commit, path, {
        maxBytes: maxBaseFileBytes,
        signal: context.signal,
      });
      switch (file.kind) {
        case 'file':
          return { exists: true, contents: Uint8Array.from(file.content) };
        case 'missing':
          return { exists: false };
        case 'too_large':
          throw fail('path', `${path} has ${file.bytes} bytes at the base; at most ${maxBaseFileBytes} are shown`);
      }
    },
  };
}

/** What a thread changed: its worktree's files, or what it left in commits when that is gone. */
async function filesOf(
  driver: WorktreeDriver,
  {
    thread,
    target,
    signal,
  }: { readonly thread: CoreThread; readonly target: string | undefined; readonly signal: AbortSignal },
): Promise<{
  readonly baseCommit: string;
  readonly head: string;
  readonly files: WireChangedFile[];
  readonly uncommitted: string[];
}> {
  const ref = worktreeOf(thread);
  const { repository } = thread;
  const state = ref && (await driver.state(ref, thread.baseCommit ?? 'HEAD', signal));
  const head = state?.head ?? thread.head;
  if (repository === undefined || head === undefined) throw noWorktree(thread);
  const base = await driver.comparison(ref ?? { repository }, { head, target, base: thread.baseCommit, signal });
  const files = ref
    ? await driver.changes(ref, base, signal)
    : await driver.committedChanges(repository, { base, head }, signal);
  return { baseCommit: base, head, files: files.map(wireChangedFile), uncommitted: [...(state?.dirty ?? [])] };
}

/** What a thread was merged into, or would be. */
function comparedTarget(stores: Stores, { thread, latestMerge }: ThreadView): string | undefined {
  return latestMerge?.status === 'merged' ? latestMerge.target : targetOf(stores, thread);
}

function findMessage(stores: Stores, id: string): Message {
  const message = isId<'message'>(id) ? stores.messages.get(id) : undefined;
  if (message) return message;
  throw fail('message_id', `there is no message ${JSON.stringify(id.slice(0, 60))}`);
}

function projectFor(store: Store<Stores>, request: DispatchRequest): Project {
  return store.read(stores => {
    if (request.threadId !== '') {
      const { thread } = findThread(stores, request.threadId);
      return projectOfThread(stores, thread);
    }
    if (request.project !== '') return findProject(stores, request.project);
    if (request.folder === '') throw fail('project', 'neither a project nor a folder is named');
    return projectOfFolder(stores, absolutePath(request.folder, 'folder'));
  });
}

/** A removed project starts nothing any more, and its name alone would not tell why. */
function projectOfThread(stores: Stores, { id, projectId }: CoreThread): Project {
  const project = stores.projects.get(projectId);
  if (project && project.removedAt === undefined) return project;
  throw new AppError(
    'project.unknown',
    project
      ? `Thread ${id} belongs to project ${project.name}, which was removed. Apply ${project.file} again with \`muster up\`.`
      : `Thread ${id} belongs to no project.`,
    { project: project?.name ?? '' },
  );
}

/** The project that a list is limited to. */
function listedProject(
  stores: Stores,
  { folder, project }: { readonly folder: string; readonly project: string },
): Project | undefined {
  if (project !== '') return findProjectOfHistory(stores, project);
  return folder === '' ? undefined : projectOfFolder(stores, absolutePath(folder, 'folder'));
}

function toReference(reference: WireReference): ContextReference {
  const { path, startLine, endLine } = reference;
  if (path === '' || path.includes('\0') || path.includes('\n'))
    throw fail('context.path', JSON.stringify(path.slice(0, 200)));
  return startLine > 0 ? { path, lines: { start: startLine, end: Math.max(startLine, endLine) } } : { path };
}
