import { z } from 'zod';
import { AppError, isAppError } from '../../base/errors.js';
import { waitLimit } from '../../client/waitLimit.js';
import type { Merge } from '../../protocol/gen/muster/v1/merges_pb.js';
import { count, mergeFields, mergeShape, optionalText, threadId } from '../fields.js';
import { findThread, readThread } from '../threads.js';
import { defineTool, type ToolContext } from '../tool.js';

/** Rows of the overview, as compas shows. */
const overviewRows = 20;
const defaultWaitS = 120;

const opId = z.string().min(1).describe('Id of the merge request, as orch_merge returned it.');

export const merge = defineTool({
  name: 'orch_merge',
  title: 'Ask for a merge',
  description:
    'Queues the thread’s present commit for the target branch. Nothing is checked out; edits of the person in a checkout of the target are never overwritten.',
  input: z.object({
    thread_id: threadId,
    from: optionalText('Who asks. Kept for compatibility.'),
    target_branch: optionalText('Left out: the project’s merge target, else the branch that the thread started from.'),
    strategy: optionalText('How to merge: merge, squash or rebase. Left out: the project’s own.'),
    message: optionalText('Commit message. Left out: from the thread’s summary.'),
  }),
  output: mergeShape.extend({ queue_depth: z.number(), next_step: z.string() }),
  run: async (context, input) => {
    const { merges } = await context.client();
    const answer = await merges.requestMerge(
      {
        threadId: input.thread_id,
        target: input.target_branch ?? '',
        strategy: input.strategy ?? '',
        message: input.message ?? '',
      },
      { signal: context.signal },
    );
    const queued = required(answer.merge, input.thread_id);
    const { queue } = await merges.listQueue({}, { signal: context.signal });
    const place = queue.find(each => each.merge?.id === queued.id);
    return {
      ...mergeFields(queued, branchOf(context, queued)),
      // One that is through already has nobody before it.
      queue_depth: place?.position ?? 0,
      next_step: `orch_wait_merge with op_id ${queued.id} tells how it ended.`,
    };
  },
});

export const mergeStatus = defineTool({
  name: 'orch_merge_status',
  title: 'Merge requests',
  description: 'One merge request, those of a thread, or the newest with counts by state.',
  input: z.object({
    op_id: optionalText('This one only.'),
    thread_id: optionalText('Those of this thread.'),
    target_branch: optionalText('Those into this branch.'),
  }),
  output: mergeShape.partial().extend({ counts: z.record(z.string(), z.number()), recent: z.array(mergeShape) }),
  reads: true,
  run: async (context, input) => {
    const found = (await findMerges(context, input)).filter(
      ({ target }) => input.target_branch === undefined || target === input.target_branch,
    );
    const shown = found.map(each => mergeFields(each, branchOf(context, each)));
    const counts = new Map<string, number>();
    for (const { status } of shown) counts.set(status, (counts.get(status) ?? 0) + 1);
    const [one] = input.op_id === undefined ? [] : shown;
    return { ...one, counts: Object.fromEntries(counts), recent: shown.slice(-overviewRows).toReversed() };
  },
});

export const mergeCancel = defineTool({
  name: 'orch_merge_cancel',
  title: 'Cancel a merge request',
  description: 'Takes a merge request out of the queue. One that has ended stays as it is.',
  input: z.object({ op_id: opId }),
  output: z.object({ op_id: z.string(), cancelled: z.boolean(), reason: z.string() }),
  run: async ({ client, signal }, input) => {
    const { merges } = await client();
    const ended = required((await merges.cancelMerge({ mergeId: input.op_id }, { signal })).merge, input.op_id);
    const cancelled = ended.status === 'cancelled';
    return {
      op_id: ended.id,
      cancelled,
      reason: cancelled ? 'it was taken out of the queue' : `it is ${ended.status}`,
    };
  },
});

export const waitMerge = defineTool({
  name: 'orch_wait_merge',
  title: 'Wait for a merge',
  description: 'Returns when a merge request has ended, with how it ended and what would help.',
  input: z.object({
    op_id: opId,
    timeout_secs: count({ min: 1 }).describe(`How long to wait. Default: ${defaultWaitS}.`),
  }),
  output: mergeShape.partial().extend({
    found: z.boolean(),
    op_id: z.string(),
    timeout_secs: z.number().optional(),
    last_status: z.string().optional(),
  }),
  reads: true,
  run: async (context, input) => {
    const { ask, signal } = context;
    const timeoutS = input.timeout_secs ?? defaultWaitS;
    const timeout = waitLimit(timeoutS * 1000);
    try {
      const ended = await ask(({ merges }) =>
        merges.waitMerge(
          { mergeId: input.op_id },
          { signal: AbortSignal.any([signal, ...(timeout ? [timeout] : [])]) },
        ),
      );
      const over = required(ended.merge, input.op_id);
      return { found: true, ...mergeFields(over, branchOf(context, over)) };
    } catch (error) {
      if (!timeout?.aborted || signal.aborted || !isAppError(error, 'cancelled')) throw error;
      const answer = await ask(({ merges }) => merges.getMerge({ mergeId: input.op_id }, { signal }));
      const now = required(answer.merge, input.op_id);
      return { found: false, op_id: now.id, timeout_secs: timeoutS, last_status: mergeFields(now).status };
    }
  },
});

export const commit = defineTool({
  name: 'orch_commit',
  title: 'Commit the worktree',
  description: 'Commits what is uncommitted in the thread’s worktree on its branch.',
  input: z.object({
    thread_id: threadId,
    message: optionalText('Kept for compatibility: Muster words these commits.'),
  }),
  output: z.object({
    commit_sha: z.string(),
    files_changed: z.number(),
    thread_id: z.string(),
    worktree_path: z.string(),
  }),
  run: async (context, input) => {
    const { threads } = await context.client();
    const before = await findThread(context, input.thread_id);
    const { head, thread } = await threads.approveThread({ threadId: before.id }, { signal: context.signal });
    return {
      commit_sha: head,
      files_changed: thread?.filesChanged ?? 0,
      thread_id: before.id,
      worktree_path: thread?.worktree ?? before.worktree,
    };
  },
});

function branchOf({ live }: ToolContext, { threadId: id }: Merge): string {
  return live.threads.get(id)?.branch ?? '';
}

async function findMerges(
  context: ToolContext,
  input: { readonly op_id?: string | undefined; readonly thread_id?: string | undefined },
): Promise<readonly Merge[]> {
  const { op_id: id } = input;
  if (id !== undefined) {
    const answer = await context.ask(({ merges }) => merges.getMerge({ mergeId: id }, { signal: context.signal }));
    return [required(answer.merge, id)];
  }
  if (input.thread_id !== undefined) return (await readThread(context, input.thread_id)).merges;
  return [...context.live.threads.values()]
    .flatMap(({ latestMerge }) => latestMerge ?? [])
    .toSorted((a, b) => Number(a.createdAt - b.createdAt));
}

function required(found: Merge | undefined, id: string): Merge {
  if (found) return found;
  throw new AppError('merge.unknown', `There is no merge request ${id}.`, { merge: id });
}
