import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import type { Run } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { count, messageFields, messageShape, optionalText, runFields, runShape, threadId, time } from '../fields.js';
import { findThread, readThread } from '../threads.js';
import { defineTool, type ToolContext } from '../tool.js';
import { questionFields, questionShape } from './questions.js';
import { idOfReference, runWord, threadWord } from '../words.js';

/** Rows of a status, as compas shows. */
const statusRows = 50;
const taskRows = 20;
/** As many as the host lists at once. */
const mostThreads = 500;

const threadShape = z.object({
  thread_id: z.string(),
  project: z.string(),
  batch_id: z.string().optional(),
  summary: z.string(),
  thread_status: z.string(),
  state: z.string(),
  needs: z.string().optional(),
  agent: z.string(),
  execution_status: z.string().optional(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  duration_ms: z.number().nullable(),
  error: z.string().nullable(),
  prompt_hash: z.string().nullable(),
});

function threadFields(thread: Thread): z.infer<typeof threadShape> {
  const run = thread.latestRun && runFields(thread.latestRun);
  return {
    thread_id: thread.id,
    project: thread.projectName,
    ...(thread.batch === '' ? {} : { batch_id: thread.batch }),
    summary: thread.summary,
    thread_status: threadWord(thread),
    state: thread.status,
    ...(thread.needs === '' ? {} : { needs: thread.needs }),
    agent: thread.agent,
    ...(run ? { execution_status: run.execution_status } : {}),
    started_at: run?.started_at ?? null,
    finished_at: run?.finished_at ?? null,
    duration_ms: run?.duration_ms ?? null,
    error: run?.error ?? null,
    prompt_hash: run?.prompt_hash ?? null,
  };
}

/** Newest first. An agent that no project has is an error, not an empty list. */
async function listThreads(
  context: ToolContext,
  { agent, limit }: { readonly agent?: string | undefined; readonly limit: number },
): Promise<readonly Thread[]> {
  // Which agents there are is known once the host has answered.
  const page = await context.ask(({ threads }) =>
    threads.listThreads({ limit, agent: agent ?? '' }, { signal: context.signal }),
  );
  if (agent !== undefined) requireAgent(context, agent);
  return page.threads;
}

export function requireAgent({ live }: ToolContext, agent: string): void {
  const known = [...new Set([...live.projects.values()].flatMap(({ agents }) => agents.map(({ name }) => name)))];
  if (known.includes(agent)) return;
  throw new AppError(
    'agent.unknown',
    `There is no agent ${JSON.stringify(agent)}. Known agents: ${known.join(', ') || 'none'}.`,
    { agent, known },
  );
}

export const status = defineTool({
  name: 'orch_status',
  title: 'Threads and what they do',
  description: 'The newest threads with the state of each, or one thread.',
  input: z.object({
    agent: optionalText('Only threads of this agent.'),
    thread_id: optionalText('Only this thread.'),
  }),
  output: z.object({ threads: z.array(threadShape), scheduled_count: z.number() }),
  reads: true,
  run: async (context, input) => {
    const threads =
      input.thread_id === undefined
        ? await listThreads(context, { agent: input.agent, limit: statusRows })
        : [await findThread(context, input.thread_id)];
    return { threads: threads.map(threadFields), scheduled_count: threads.filter(isScheduled).length };
  },
});

export const tasks = defineTool({
  name: 'orch_tasks',
  title: 'Tasks and their latest execution',
  description: 'One row a thread, newest first.',
  input: z.object({
    alias: optionalText('Only tasks of this agent.'),
    batch_id: optionalText('Only tasks of this batch.'),
    filter: z.enum(['scheduled']).optional().describe('Only tasks that wait for their time.'),
    limit: count({ min: 1 }).describe(`At most this many rows, and ${mostThreads} in one call. Default: ${taskRows}.`),
  }),
  output: z.object({
    tasks: z.array(
      threadShape.extend({
        execution_id: z.string().optional(),
        eligible_at: z.string().nullable().optional(),
        eligible_reason: z.string().optional(),
      }),
    ),
  }),
  reads: true,
  run: async (context, input) => {
    const { alias, batch_id: batch, filter } = input;
    const limit = Math.min(input.limit ?? taskRows, mostThreads);
    const narrow = batch !== undefined || filter !== undefined;
    const all = await listThreads(context, { agent: alias, limit: narrow ? mostThreads : limit });
    const wanted = all.filter(
      thread => (batch === undefined || thread.batch === batch) && (filter === undefined || isScheduled(thread)),
    );
    return { tasks: wanted.slice(0, limit).map(taskFields) };
  },
});

function isScheduled({ latestRun }: Thread): boolean {
  return latestRun?.dueReason === 'scheduled';
}

function taskFields(thread: Thread) {
  const { latestRun: run } = thread;
  return {
    ...threadFields(thread),
    ...(run ? { execution_id: run.id } : {}),
    ...(run && run.dueAt > 0n ? { eligible_at: time(run.dueAt), eligible_reason: run.dueReason } : {}),
  };
}

export const inbox = defineTool({
  name: 'orch_inbox',
  title: 'What waits for a person',
  description:
    'Questions of agents (answer them with orch_respond), and threads that need a person, each with the reason in one sentence.',
  input: z.object({}),
  output: z.object({ questions: z.array(questionShape), threads: z.array(threadShape) }),
  reads: true,
  run: async context => {
    const request = { statuses: ['needs_you'], limit: mostThreads };
    const page = await context.ask(({ threads }) => threads.listThreads(request, { signal: context.signal }));
    return {
      questions: page.threads.flatMap(({ questions }) => questions).map(questionFields),
      threads: page.threads.map(threadFields),
    };
  },
});

export const transcript = defineTool({
  name: 'orch_transcript',
  title: 'Messages and executions of a thread',
  description: 'The whole conversation of a thread with the executions that came of it, oldest first.',
  input: z.object({ thread_id: threadId }),
  output: z.object({
    thread_id: z.string(),
    thread_status: z.string(),
    state: z.string(),
    summary: z.string(),
    batch_id: z.string().optional(),
    messages: z.array(messageShape),
    executions: z.array(runShape.extend({ attempt_number: z.number() })),
  }),
  reads: true,
  run: async (context, input) => {
    const { thread, messages, runs } = await readThread(context, input.thread_id);
    return {
      thread_id: thread.id,
      thread_status: threadWord(thread),
      state: thread.status,
      summary: thread.summary,
      ...(thread.batch === '' ? {} : { batch_id: thread.batch }),
      messages: messages.map(messageFields),
      executions: runs.map((run, index) => ({
        ...runFields(run),
        attempt_number: attemptOf(run, runs.slice(0, index)),
      })),
    };
  },
});

/** Counted from 0, as compas does: a retry answers the message of the run that failed. */
function attemptOf({ messageId }: Run, earlier: readonly Run[]): number {
  return earlier.filter(run => run.messageId === messageId).length;
}

export const read = defineTool({
  name: 'orch_read',
  title: 'Read one message',
  description: 'A message by its reference, as other tools return it.',
  input: z.object({ reference: z.string().min(1).describe('Reference of a message, such as db:4f0a….') }),
  output: messageShape,
  reads: true,
  run: async ({ ask, signal }, input) => {
    const messageId = idOfReference(input.reference);
    const { message } = await ask(({ threads }) => threads.getMessage({ messageId }, { signal }));
    if (message) return messageFields(message);
    throw new AppError('request.invalid', `There is no message ${input.reference}.`, {
      field: 'reference',
      reason: 'unknown message',
    });
  },
});

export const diagnose = defineTool({
  name: 'orch_diagnose',
  title: 'Why a thread does not go on',
  description: 'What keeps a thread from going on, and what would help.',
  input: z.object({ thread_id: threadId }),
  output: z.object({
    thread_id: z.string(),
    thread_status: z.string(),
    state: z.string(),
    summary: z.string(),
    message_count: z.number(),
    execution_count: z.number(),
    latest_execution: runShape.optional(),
    latest_execution_id: z.string().optional(),
    latest_execution_status: z.string().optional(),
    latest_execution_agent: z.string().optional(),
    latest_execution_error: z.string().nullable().optional(),
    latest_execution_duration_ms: z.number().nullable().optional(),
    blockers: z.array(z.string()),
    suggestions: z.array(z.string()),
    created_at: z.string().nullable(),
  }),
  reads: true,
  run: async (context, input) => {
    const { thread, messages, runs } = await readThread(context, input.thread_id);
    return {
      thread_id: thread.id,
      thread_status: threadWord(thread),
      state: thread.status,
      summary: thread.summary,
      message_count: messages.length,
      execution_count: runs.length,
      ...(thread.latestRun ? latestExecution(runFields(thread.latestRun)) : {}),
      blockers: blockersOf(context, thread),
      suggestions: suggestionsFor(thread),
      created_at: time(thread.createdAt),
    };
  },
});

/** Whole, and flat as compas tells it. */
function latestExecution(run: z.infer<typeof runShape>) {
  return {
    latest_execution: run,
    latest_execution_id: run.execution_id,
    latest_execution_status: run.execution_status,
    latest_execution_agent: run.agent,
    latest_execution_error: run.error,
    latest_execution_duration_ms: run.duration_ms,
  };
}

function blockersOf({ live }: ToolContext, thread: Thread): string[] {
  const agent = live.projects.get(thread.projectId)?.agents.find(({ name }) => name === thread.agent);
  const run = thread.latestRun;
  return [
    ...(thread.needs === '' ? [] : [thread.needs]),
    ...(agent?.problem ? [agent.problem] : []),
    ...(run && runWord(run.status) === 'queued' ? [`It is number ${run.queuePosition} in the queue.`] : []),
  ];
}

function suggestionsFor({ status: state, id }: Thread): string[] {
  switch (state) {
    case 'ready':
      return [`orch_review shows its changes, orch_merge brings them in.`];
    case 'needs_you':
      return [`Mend what the blocker names, then dispatch to thread ${id} again or call orch_merge again.`];
    case 'abandoned':
      return [`\`muster restore ${id}\` brings it back.`];
    case 'merged':
    case 'closed':
    case 'failed':
      return [`Dispatching to thread ${id} opens it again.`];
    default:
      return [`orch_wait returns when it has something to say.`];
  }
}
