import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { optionalText, threadId } from '../fields.js';
import { findThread, readThread } from '../threads.js';
import { defineTool } from '../tool.js';
import { endedRuns, threadWord } from '../words.js';

export const close = defineTool({
  name: 'orch_close',
  title: 'Close a thread',
  description:
    'Ends a thread and stops its agent. A thread with changes is completed by merging it first; close it as failed to leave them. Its worktree stays.',
  input: z.object({
    thread_id: threadId,
    from: optionalText('Who closes it. Kept for compatibility.'),
    status: z.enum(['completed', 'failed']),
    note: optionalText('Why, for whoever reads the conversation later.'),
    merge: z
      .object({
        target_branch: optionalText(
          'Left out: the project’s merge target, else the branch that the thread started from.',
        ),
        strategy: optionalText('How to merge: merge, squash or rebase. Left out: the project’s own.'),
      })
      .optional()
      .describe('Merge its changes; the thread is completed when they have landed, and stays open when they cannot.'),
  }),
  output: z.object({
    thread_id: z.string(),
    status: z.string(),
    op_id: z.string().optional(),
    next_step: z.string().optional(),
  }),
  run: async ({ client, signal }, input) => {
    const { threads, merges } = await client();
    if (input.merge !== undefined) {
      requireCompleted(input.status);
      const { target_branch: target = '', strategy = '' } = input.merge;
      const { merge } = await merges.requestMerge({ threadId: input.thread_id, target, strategy }, { signal });
      const op = merge?.id ?? '';
      const next = `orch_wait_merge with op_id ${op} tells whether it has landed; the thread is completed then.`;
      return { thread_id: merge?.threadId ?? input.thread_id, status: 'Active', op_id: op, next_step: next };
    }
    const request = {
      threadId: input.thread_id,
      outcome: input.status,
      note: input.note ?? '',
      requireMerged: true,
      stop: true,
    };
    const thread = required((await threads.closeThread(request, { signal })).thread, input.thread_id);
    return { thread_id: thread.id, status: threadWord(thread) };
  },
});

export const reopen = defineTool({
  name: 'orch_reopen',
  title: 'Open a thread again',
  description: 'Opens a thread that was closed; one that was abandoned gets its worktree and its work back.',
  input: z.object({ thread_id: threadId }),
  output: z.object({ thread_id: z.string(), previous_status: z.string(), new_status: z.string() }),
  run: async (context, input) => {
    const before = await findThread(context, input.thread_id);
    const { threads } = await context.client();
    const { thread } = await threads.reopenThread({ threadId: before.id }, { signal: context.signal });
    const after = required(thread, before.id);
    return { thread_id: after.id, previous_status: threadWord(before), new_status: threadWord(after) };
  },
});

export const abandon = defineTool({
  name: 'orch_abandon',
  title: 'Abandon a thread',
  description:
    'Stops its agent and removes worktree and branch. Everything is kept under a rescue ref; `muster restore` brings it back.',
  input: z.object({ thread_id: threadId }),
  output: z.object({
    thread_id: z.string(),
    status: z.string(),
    executions_cancelled: z.number(),
    processes_killed: z.number(),
    worktree_branch: z.string().optional(),
    rescue: z.string().optional(),
  }),
  run: async (context, input) => {
    const { threads } = await context.client();
    const { runs } = await readThread(context, input.thread_id);
    const answer = await threads.abandonThread({ threadId: input.thread_id }, { signal: context.signal });
    const thread = required(answer.thread, input.thread_id);
    return {
      thread_id: thread.id,
      status: threadWord(thread),
      ...endedRuns(runs),
      ...(thread.branch === '' ? {} : { worktree_branch: thread.branch }),
      ...(thread.rescue === '' ? {} : { rescue: thread.rescue }),
    };
  },
});

function requireCompleted(status: string): void {
  if (status === 'completed') return;
  throw new AppError('request.invalid', 'What is merged is completed: leave merge out, or close it as completed.', {
    field: 'merge',
    reason: 'closed as failed',
  });
}

function required(thread: Thread | undefined, id: string): Thread {
  if (thread) return thread;
  throw new AppError('thread.unknown', `There is no thread ${id}.`, { thread: id });
}
