import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { isAnyAppError } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import { findProject, projectOfFolder } from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { AdoptWorktree } from '../../core/threads/adoptWorktree.js';
import { findThread } from '../../core/threads/threadLookup.js';
import type { ThreadService } from '../../core/threads/threadService.js';
import type { WorktreeCleaner } from '../../core/threads/worktreeCleaner.js';
import type { WorktreeLook, WorktreeLooks } from '../../core/threads/worktreeLooks.js';
import type { Preparation } from '../../core/workspaces/preparation.js';
import type { WorkspacePreparer } from '../../core/workspaces/workspacePreparer.js';
import { portsOfThread } from '../../core/workspaces/workspacePreparer.js';
import {
  CleanedWorktreeSchema,
  ForeignWorktreeSchema,
  PreparationSchema,
  SpareWorktreeSchema,
  WorktreeProcessSchema,
  WorktreeSchema,
  type Preparation as WirePreparation,
  type ForeignWorktree,
  type SpareWorktree,
  type Worktree,
  type WorktreeService,
} from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { wireThread } from './wire.js';
import { absolutePath, given, ignoredChoices, oneOf } from './requestFields.js';

export interface WorktreesApiOptions {
  readonly store: Store<Stores>;
  readonly threads: ThreadService;
  readonly worktreeLooks: Pick<WorktreeLooks, 'at'>;
  readonly worktreeCleaner: Pick<WorktreeCleaner, 'clean'>;
  readonly adoption: Pick<AdoptWorktree, 'list' | 'adopt'>;
  readonly preparer: Pick<WorkspacePreparer, 'skip'>;
}

/** Of one project: those of the repository that its folder is in. */
function wireSpares(store: Store<Stores>, folder: string | undefined): SpareWorktree[] {
  return store
    .read(stores => stores.spares.list())
    .filter(({ repository }) => folder === undefined || folder === repository || folder.startsWith(`${repository}/`))
    .map(({ path, repository, commit, state, madeAt }) =>
      create(SpareWorktreeSchema, { path, repository, commit, state, madeAt: BigInt(Math.round(madeAt)) }),
    );
}

export function worktreesApi({
  store,
  threads,
  worktreeLooks,
  worktreeCleaner,
  adoption,
  preparer,
}: WorktreesApiOptions): ServiceImpl<typeof WorktreeService> {
  return {
    async listWorktrees(request, context) {
      const project = projectIn(store, request.folder);
      const found = store.read(stores => stores.threads.withWorktree(project));
      const looks = await worktreeLooks.at(found, context.signal);
      return {
        worktrees: looks.map(look => wireWorktree(store, look)),
        spares: wireSpares(store, given(request.folder)),
        others: request.others ? await wireOthers({ store, adoption }, { project, signal: context.signal }) : [],
      };
    },

    async cleanWorktrees({ folder, olderThanMs, unmerged, threadIds, ignored, force }, context) {
      const cleaned = await worktreeCleaner.clean(
        {
          threads: threadIds,
          olderThanMs: Number(olderThanMs),
          unmerged,
          force,
          ...defined({
            project: projectIn(store, folder),
            ignored: oneOf(ignoredChoices, ignored, 'ignored'),
          }),
        },
        context.signal,
      );
      return {
        worktrees: cleaned.map(({ look, state, reason, rescue = '' }) =>
          create(CleanedWorktreeSchema, { worktree: wireWorktree(store, look), state, reason, rescue }),
        ),
      };
    },

    async adoptWorktree({ project: named, path, agent, base }, { signal }) {
      const project = store.read(stores => findProject(stores, named));
      const request = { project, path: absolutePath(path, 'path') };
      const more = defined({ agent: given(agent), base: given(base) });
      return { thread: wireThread(await adoption.adopt({ ...request, ...more }, signal)) };
    },

    async removeWorktree({ threadId, ignored }) {
      const { thread } = await threads.removeWorktree(threadId, {
        ignored: oneOf(ignoredChoices, ignored, 'ignored'),
      });
      return { rescue: thread.rescue ?? '' };
    },

    getPreparation: ({ threadId }) => ({
      preparation: store.read(stores => {
        const { thread } = findThread(stores, threadId);
        return wirePreparation(stores.preparations.of(thread.id), portsOfThread(stores, thread));
      }),
    }),

    skipPreparation({ threadId }) {
      const { id } = store.read(stores => findThread(stores, threadId)).thread;
      return { preparation: wirePreparation(preparer.skip(id)) };
    },

    async putBackShared({ threadId }) {
      const { done, left } = await threads.putBackShared(threadId);
      return { done: [...done], left: [...left] };
    },

    async repairWorktree({ threadId }) {
      const { view, setAside } = await threads.repairWorktree(threadId);
      return { thread: wireThread(view), setAside: [...setAside] };
    },
  };
}

function wirePreparation(
  preparation: Preparation | undefined,
  variables: Readonly<Record<string, string>> = {},
): WirePreparation {
  const { state = '', port = 0, command = '', exitCode, output = '' } = preparation ?? {};
  return create(PreparationSchema, {
    state,
    port,
    command,
    output,
    variables: { ...variables },
    ...defined({ exitCode }),
  });
}

/** The project of a folder that was named; undefined for all. Errors: `project.notFound`. */
function projectIn(store: Store<Stores>, text: string): ProjectId | undefined {
  const folder = given(text);
  return folder === undefined
    ? undefined
    : store.read(stores => projectOfFolder(stores, absolutePath(folder, 'folder')).id);
}

/** Those of the repositories that projects are in; one that cannot be read has none to tell of. */
async function wireOthers(
  { store, adoption }: Pick<WorktreesApiOptions, 'store' | 'adoption'>,
  { project, signal }: { readonly project: ProjectId | undefined; readonly signal: AbortSignal },
): Promise<ForeignWorktree[]> {
  const projects = store
    .read(({ projects: all }) => all.list())
    .filter(({ id }) => project === undefined || id === project);
  const found = new Map<string, ForeignWorktree>();
  for (const { id, folder } of projects) {
    try {
      for (const { path, branch = '', problem = '' } of await adoption.list({ folder }, signal))
        if (!found.has(path)) found.set(path, create(ForeignWorktreeSchema, { path, branch, problem, project: id }));
    } catch (error) {
      signal.throwIfAborted();
      if (!isAnyAppError(error)) throw error;
    }
  }
  return [...found.values()];
}

function wireWorktree(store: Store<Stores>, { thread, state: found, processes, unmerged }: WorktreeLook): Worktree {
  const state = found === 'missing' || found === 'unreadable' ? undefined : found;
  const part = store.read(stores => stores.parts.of(thread.id));
  return create(WorktreeSchema, {
    threadId: part?.whole ?? thread.id,
    partName: part?.name ?? '',
    path: thread.worktree ?? '',
    branch: thread.branch ?? '',
    baseRef: thread.baseRef ?? '',
    repository: thread.repository ?? '',
    head: state?.head ?? thread.head ?? '',
    // The person's own changes are below what the thread did.
    ahead: Math.max(0, (state?.ahead ?? 0) - (thread.carried === undefined ? 0 : 1)),
    behind: state?.behind ?? 0,
    changed: state?.dirty.length ?? 0,
    missing: found === 'missing',
    createdAt: BigInt(Math.round(thread.createdAt)),
    usedAt: BigInt(Math.round(thread.updatedAt)),
    port: store.read(stores => stores.preparations.of(thread.id))?.port ?? 0,
    processes: processes.map(({ pid, name, run = '' }) => create(WorktreeProcessSchema, { pid, name, runId: run })),
    unmerged,
  });
}
