import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import type { ThreadId } from '../../base/ids.js';
import type { BatchService } from '../../core/batches/batchService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { ThreadService } from '../../protocol/gen/muster/v1/threads_pb.js';
import { given } from './requestFields.js';
import { projectFor } from './threadProject.js';
import { wireThread } from './wire.js';

type BatchCalls = 'createBatch' | 'getBatch' | 'listBatches' | 'abandonBatch' | 'keepAttempt';

/** The calls of the thread service that are about batches. */
export function batchesApi({
  store,
  batches,
}: {
  readonly store: Store<Stores>;
  readonly batches: BatchService;
}): Pick<ServiceImpl<typeof ThreadService>, BatchCalls> {
  return {
    createBatch: async ({ batch, project: named, folder, tasks, environment }) => {
      const project = projectFor(store, { threadId: '', project: named, folder });
      const made = await batches.create(
        batch,
        tasks.map(({ key, agent, prompt, summary, base, dependsOn, model }) => ({
          key,
          dependsOn,
          dispatch: {
            ...{ project, agent, prompt, context: [], environment },
            ...defined({ summary: given(summary), base: given(base), model: given(model) }),
          },
        })),
      );
      return { threads: [...made].map(([key, { thread, run }]) => ({ key, threadId: thread.id, runId: run.id })) };
    },
    getBatch: async ({ batch }) => ({ threads: batches.threads(batch).map(wireThread) }),
    listBatches: async () => ({ batches: [...store.read(stores => stores.batches.names())] }),
    abandonBatch: async ({ batch }) => {
      const { abandoned, failed } = await batches.abandon(batch);
      return { abandoned: [...abandoned], failed: reasons(failed) };
    },
    keepAttempt: async ({ threadId }) => {
      const { kept, abandoned, failed } = await batches.keep(threadId);
      return { thread: wireThread(kept), abandoned: [...abandoned], failed: reasons(failed) };
    },
  };
}

function reasons(failed: readonly { readonly threadId: ThreadId; readonly reason: string }[]): Record<string, string> {
  return Object.fromEntries(failed.map(({ threadId, reason }) => [threadId, reason]));
}
