import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { optionalText, threadId } from '../fields.js';
import { findThread } from '../threads.js';
import { defineTool } from '../tool.js';
import { threadWord } from '../words.js';

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
  }),
  output: z.object({ thread_id: z.string(), status: z.string() }),
  run: async ({ client, signal }, input) => {
    const { threads } = await client();
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
    worktree_branch: z.string().optional(),
    rescue: z.string().optional(),
  }),
  run: async ({ client, signal }, input) => {
    const { threads } = await client();
    const answer = await threads.abandonThread({ threadId: input.thread_id }, { signal });
    const thread = required(answer.thread, input.thread_id);
    return {
      thread_id: thread.id,
      status: threadWord(thread),
      ...(thread.branch === '' ? {} : { worktree_branch: thread.branch }),
      ...(thread.rescue === '' ? {} : { rescue: thread.rescue }),
    };
  },
});

function required(thread: Thread | undefined, id: string): Thread {
  if (thread) return thread;
  throw new AppError('thread.unknown', `There is no thread ${id}.`, { thread: id });
}
