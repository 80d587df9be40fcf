import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import { attemptsBatch } from '../../client/attempts.js';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import { optionalText } from '../fields.js';
import { chooseProject } from './dispatching.js';
import { defineTool } from '../tool.js';
import { endedRuns, threadWord } from '../words.js';

const batchId = z.string().min(1).describe('Name of the batch.');

export const batchStatus = defineTool({
  name: 'orch_batch_status',
  title: 'Threads of a batch',
  description: 'Every thread of a batch with its state, and how many are in which.',
  input: z.object({ batch_id: batchId }),
  output: z.object({
    batch_id: z.string(),
    thread_count: z.number(),
    counts: z.record(z.string(), z.number()),
    threads: z.array(
      z.object({
        thread_id: z.string(),
        summary: z.string(),
        status: z.string(),
        state: z.string(),
        waits_for: z.array(z.string()).optional(),
      }),
    ),
  }),
  reads: true,
  run: async ({ ask, signal }, { batch_id: batch }) => {
    const { threads } = await ask(client => client.threads.getBatch({ batch }, { signal }));
    const counts = new Map<string, number>();
    for (const { status } of threads) counts.set(status, (counts.get(status) ?? 0) + 1);
    return {
      batch_id: batch,
      thread_count: threads.length,
      counts: Object.fromEntries(counts),
      threads: threads.map(thread => ({
        thread_id: thread.id,
        summary: thread.summary,
        status: threadWord(thread),
        state: thread.status,
        ...(thread.waitsFor.length === 0 ? {} : { waits_for: thread.waitsFor }),
      })),
    };
  },
});

export const abandonBatch = defineTool({
  name: 'orch_abandon_batch',
  title: 'Abandon a batch',
  description: 'Abandons every thread of a batch that is open. Everything is kept; `muster restore` brings each back.',
  input: z.object({ batch_id: batchId }),
  output: z.object({
    batch_id: z.string(),
    threads_abandoned: z.number(),
    threads_already_terminal: z.number(),
    total_executions_cancelled: z.number(),
    total_processes_killed: z.number(),
    errors: z.record(z.string(), z.string()).optional(),
  }),
  run: async ({ client, signal }, { batch_id: batch }) => {
    const { threads: service } = await client();
    const { threads } = await service.getBatch({ batch }, { signal });
    const { abandoned, failed } = await service.abandonBatch({ batch }, { signal });
    // A thread has one run at a time, and it is the latest.
    const stopped = endedRuns(threads.flatMap(({ latestRun }) => latestRun ?? []));
    return {
      batch_id: batch,
      threads_abandoned: abandoned.length,
      threads_already_terminal: threads.filter(({ outcome }) => outcome !== 'open').length,
      total_executions_cancelled: stopped.executions_cancelled,
      total_processes_killed: stopped.processes_killed,
      ...(Object.keys(failed).length === 0 ? {} : { errors: failed }),
    };
  },
});

export const keepAttempt = defineTool({
  name: 'orch_keep',
  title: 'Keep one of several attempts',
  description:
    'Keeps one of several attempts at a task (orch_best_of) and abandons the others. Everything is kept; `muster restore` brings each back.',
  input: z.object({ thread_id: z.string().min(1).describe('Id of the thread to keep, or the beginning of it.') }),
  output: z.object({
    thread_id: z.string(),
    threads_abandoned: z.array(z.string()),
    errors: z.record(z.string(), z.string()).optional(),
  }),
  run: async ({ client, signal }, { thread_id: threadId }) => {
    const { threads: service } = await client();
    const { thread, abandoned, failed } = await service.keepAttempt({ threadId }, { signal });
    return {
      thread_id: thread?.id ?? threadId,
      threads_abandoned: abandoned,
      ...(Object.keys(failed).length === 0 ? {} : { errors: failed }),
    };
  },
});

export const bestOf = defineTool({
  name: 'orch_best_of',
  title: 'Several attempts at one task',
  description:
    'Gives the same task to several agents, or to one several times, each in a worktree of its own. orch_batch_status shows them, orch_keep keeps the best.',
  input: z.object({
    agents: z.array(z.string().min(1)).min(1).max(20).describe('Names of agents; the same name twice is two attempts.'),
    models: z
      .array(z.string().min(1))
      .min(2)
      .max(20)
      .optional()
      .describe('With one agent: an attempt of it with each of these models.'),
    body: z.string().min(1).describe('The task: what to do, and how to tell that it is done.'),
    summary: optionalText('One line for lists. Left out: the first line of the task.'),
    base: optionalText(
      'Branch, tag or commit to start from. Left out: the agents’ own base, else the branch checked out.',
    ),
    project: optionalText(
      'Id or name of the project. Left out: the one of this folder, or the only one with such an agent.',
    ),
  }),
  output: z.object({ batch_id: z.string(), threads: z.array(z.object({ thread_id: z.string(), agent: z.string() })) }),
  run: async (context, { agents: given, models, body: prompt, summary, base, project: named }) => {
    const agents = models && given.length === 1 ? models.map(() => given[0] ?? '') : given;
    if (agents.length < 2 || (models && agents.length !== models.length))
      throw new AppError('request.invalid', 'Name two agents or more, or one and two models or more.', {
        field: 'agents',
        reason: 'nothing to choose from',
      });
    await context.client();
    const project = chooseProject(context, { to: agents[0] ?? '', project: named });
    const request = {
      ...attemptsBatch({ agents, models, prompt, summary, base }),
      project: project?.id ?? '',
      environment: collectDispatchEnvironment(context.env, project),
    };
    // Asked again with the same name it makes nothing twice.
    const { threads } = await context.ask(client => client.threads.createBatch(request, { signal: context.signal }));
    return {
      batch_id: request.batch,
      threads: threads.map(({ threadId }, index) => ({ thread_id: threadId, agent: agents[index] ?? '' })),
    };
  },
});
