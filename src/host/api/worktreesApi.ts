import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { isAnyAppError, isAppError } from '../../base/errors.js';
import { projectOfFolder } from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { Thread } from '../../core/threads/thread.js';
import { findThread } from '../../core/threads/threadLookup.js';
import type { ThreadService } from '../../core/threads/threadService.js';
import type { Preparation } from '../../core/workspaces/preparation.js';
import type { WorkspacePreparer } from '../../core/workspaces/workspacePreparer.js';
import { portsOfThread } from '../../core/workspaces/workspacePreparer.js';
import type { WorktreeDriver, WorktreeState } from '../../core/workspaces/worktreeDriver.js';
import { worktreeOf } from '../../core/workspaces/workspaceService.js';
import {
  PreparationSchema,
  SpareWorktreeSchema,
  WorktreeSchema,
  type Preparation as WirePreparation,
  type SpareWorktree,
  type Worktree,
  type WorktreeService,
} from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { wireThread } from './wire.js';
import { absolutePath, given, ignoredChoices, oneOf } from './requestFields.js';

/** Worktrees are looked at this many at a time: each is a git process. */
const atOnce = 4;

export interface WorktreesApiOptions {
  readonly store: Store<Stores>;
  readonly threads: ThreadService;
  readonly driver: WorktreeDriver;
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
  driver,
  preparer,
}: WorktreesApiOptions): ServiceImpl<typeof WorktreeService> {
  return {
    async listWorktrees(request, context) {
      const folder = given(request.folder);
      const found = store.read(stores =>
        stores.threads.withWorktree(
          folder === undefined ? undefined : projectOfFolder(stores, absolutePath(folder, 'folder')).id,
        ),
      );
      const worktrees: Worktree[] = [];
      for (let start = 0; start < found.length; start += atOnce) {
        const block = found.slice(start, start + atOnce);
        worktrees.push(
          ...(await Promise.all(block.map(thread => describe({ store, driver }, thread, context.signal)))),
        );
      }
      return { worktrees, spares: wireSpares(store, given(request.folder)) };
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

async function describe(
  { store, driver }: Pick<WorktreesApiOptions, 'store' | 'driver'>,
  thread: Thread,
  signal: AbortSignal,
): Promise<Worktree> {
  const found = await look(driver, thread, signal);
  const state = found === 'missing' || found === 'unreadable' ? undefined : found;
  return create(WorktreeSchema, {
    threadId: thread.id,
    path: thread.worktree ?? '',
    branch: thread.branch ?? '',
    baseRef: thread.baseRef ?? '',
    repository: thread.repository ?? '',
    head: state?.head ?? thread.head ?? '',
    ahead: state?.ahead ?? 0,
    behind: state?.behind ?? 0,
    changed: state?.dirty.length ?? 0,
    missing: found === 'missing',
    createdAt: BigInt(Math.round(thread.createdAt)),
    usedAt: BigInt(Math.round(thread.updatedAt)),
    port: store.read(stores => stores.preparations.of(thread.id))?.port ?? 0,
  });
}

/** One worktree that git cannot read does not keep the others from being listed. */
async function look(
  driver: WorktreeDriver,
  thread: Thread,
  signal: AbortSignal,
): Promise<WorktreeState | 'missing' | 'unreadable'> {
  const ref = worktreeOf(thread);
  if (!ref) return 'missing';
  // The branch it began from may be gone by now; the commit is not.
  for (const compareTo of [thread.baseRef, thread.baseCommit, 'HEAD']) {
    if (compareTo === undefined) continue;
    try {
      return await driver.state(ref, compareTo, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isAppError(error, 'worktree.missing')) return 'missing';
      if (!isAnyAppError(error)) throw error;
    }
  }
  return 'unreadable';
}
