import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import { isInside } from '../../node/isInside.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { DispatchResponse } from '../../protocol/gen/muster/v1/threads_pb.js';
import { count, optionalText } from '../fields.js';
import { defineTool, type ToolContext } from '../tool.js';
import { threadWord } from '../words.js';
import { waitForMessage, waited, type Waited } from '../waiting.js';
import { findThread } from '../threads.js';

/** Intents that make an agent work; any other would be a message that nobody ever acts on. */
const triggerIntents = ['dispatch', 'handoff', 'changes-requested'] as const;

const input = z.object({
  to: z.string().min(1).describe('Name of the agent, as orch_list_agents lists it.'),
  body: z.string().min(1).describe('The task: what to do, and how to tell that it is done.'),
  from: optionalText('Who asks. Kept for compatibility: a dispatch is always the operator’s.'),
  intent: optionalText(`One of ${triggerIntents.join(', ')}. Default: dispatch.`),
  thread_id: optionalText('A follow-up on this thread: the agent remembers it. Left out: a new thread.'),
  summary: optionalText('One line for lists. Left out: the first line of the task.'),
  project: optionalText(
    'Id or name of the project. Left out: the one of this folder, or the only one with such an agent.',
  ),
  skip_handoff: z.boolean().optional().describe('Do not hand the reply on to the agents that its definition names.'),
  batch: optionalText('Name that the threads of a batch share.'),
  depends_on: z
    .array(z.string())
    .optional()
    .describe('Ids of threads that must be completed (merged or closed) first.'),
  scheduled_for: optionalText(
    'Not before this time, RFC 3339, such as 2030-01-31T18:00:00Z. Left out: as soon as possible.',
  ),
  base: optionalText(
    'Branch, tag or commit to start from. Left out: the agent’s own base, else the branch checked out.',
  ),
  with_changes: z
    .boolean()
    .optional()
    .describe('The agent sees what is not committed in the checkout, as a commit that never lands. For new threads.'),
});

const output = z.object({
  thread_id: z.string(),
  message_id: z.string(),
  execution_id: z.string(),
  next_step: z.string(),
  scheduled_for: z.string().optional(),
  reopened: z.boolean().optional(),
  previous_status: z.string().optional(),
});

export const dispatch = defineTool({
  name: 'orch_dispatch',
  title: 'Dispatch a task',
  description: 'Gives a task to an agent. It works in a worktree of its own; nothing lands without orch_merge.',
  input,
  output,
  run: send,
});

export const dispatchAndWait = defineTool({
  name: 'orch_dispatch_and_wait',
  title: 'Dispatch a task and wait for the answer',
  description: 'orch_dispatch and orch_wait in one call, which is what is wanted most of the time.',
  input: input.extend({
    timeout_secs: count({ min: 1 }).describe('How long to wait. Left out: until there is an answer.'),
  }),
  output: output.extend(waited.shape),
  run: async (context, request) => {
    const sent = await send(context, request);
    const answer: Waited = await waitForMessage(context, {
      thread: sent.thread_id,
      since: sent.message_id,
      timeoutS: request.timeout_secs,
    });
    return { ...sent, ...answer };
  },
});

async function send(context: ToolContext, request: z.infer<typeof input>): Promise<z.infer<typeof output>> {
  requireTrigger(request.intent ?? 'dispatch');
  await context.client();
  const before = request.thread_id === undefined ? undefined : await findThread(context, request.thread_id);
  const project = before ? context.live.projects.get(before.projectId) : chooseProject(context, request);
  const task = {
    ...wantedOf(request),
    project: before ? '' : (project?.id ?? ''),
    threadId: before?.id ?? '',
    environment: collectDispatchEnvironment(context.env, project),
    // The same answer comes again when the first one was lost on its way.
    idempotencyKey: randomUUID(),
  };
  const sent = await context.ask(({ threads }) => threads.dispatch(task, { signal: context.signal }));
  const reopened = before !== undefined && before.outcome !== 'open';
  return {
    thread_id: sent.threadId,
    message_id: sent.messageId,
    execution_id: sent.runId,
    next_step: nextStep(sent, request, project),
    ...(request.scheduled_for === undefined ? {} : { scheduled_for: request.scheduled_for }),
    ...(reopened ? { reopened, previous_status: threadWord(before) } : {}),
  };
}

/** What to do now: wait for one answer, or for everything that follows where the agent hands its work on. */
function nextStep(
  { threadId, messageId }: DispatchResponse,
  { to, skip_handoff: alone = false }: z.infer<typeof input>,
  project: Project | undefined,
): string {
  const wait = `orch_wait with thread_id ${threadId}`;
  const agent = project?.agents.find(({ name }) => name === to);
  if (!agent || alone || agent.handoffTo.length === 0)
    return `${wait} and since_reference db:${messageId} returns the answer.`;
  return `${wait}, since_reference db:${messageId} and await_chain: true returns when everything has been said: ${to} hands its work to ${agent.handoffTo.join(', ')}, and it goes back and forth at most ${agent.handoffDepth} times.`;
}

function wantedOf(request: z.infer<typeof input>) {
  return {
    agent: request.to,
    prompt: request.body,
    summary: request.summary ?? '',
    base: request.base ?? '',
    withChanges: request.with_changes ?? false,
    skipHandoff: request.skip_handoff ?? false,
    batch: request.batch ?? '',
    dependsOn: request.depends_on ?? [],
    scheduledFor: BigInt(readTime(request.scheduled_for) ?? 0),
  };
}

function readTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new AppError(
    'request.invalid',
    `scheduled_for ${JSON.stringify(text)} is no time. Write it as RFC 3339, such as ${new Date(Date.now() + 3_600_000).toISOString()}.`,
    { field: 'scheduled_for', reason: 'not a time' },
  );
}

function requireTrigger(intent: string): void {
  if (triggerIntents.some(known => known === intent)) return;
  throw new AppError(
    'request.invalid',
    `Nothing would ever run for the intent ${JSON.stringify(intent)}. Use one of ${triggerIntents.join(', ')}.`,
    { field: 'intent', reason: 'not a trigger' },
  );
}

/** The project that was named, the one of this folder, or the only one that has the agent. */
export function chooseProject(
  { live, folder }: ToolContext,
  request: { readonly to: string; readonly project?: string | undefined },
): Project {
  const projects = [...live.projects.values()];
  const list = (some: readonly Project[]): string => some.map(({ name, file }) => `${name} (${file})`).join(', ');
  if (request.project !== undefined) {
    const named = projects.filter(({ id, name }) => id === request.project || name === request.project);
    const [only, ...others] = named;
    if (only && others.length === 0) return only;
    throw unknownProject(
      only
        ? `Several projects are called ${request.project}: ${list(named)}. Name one by its id.`
        : `There is no project ${JSON.stringify(request.project)}. Known: ${list(projects) || 'none; apply one with `muster up`'}.`,
      request.project,
    );
  }
  const here = projects
    .filter(project => isInside(project.folder, folder))
    .toSorted((a, b) => b.folder.length - a.folder.length);
  const [closest] = here;
  if (closest) return closest;
  const having = projects.filter(({ agents }) => agents.some(({ name }) => name === request.to));
  const [only, ...others] = having;
  if (only && others.length === 0) return only;
  throw unknownProject(
    only
      ? `Several projects have an agent ${request.to}: ${list(having)}. Say which with project.`
      : `No applied project has an agent ${JSON.stringify(request.to)}. Known projects: ${list(projects) || 'none; apply one with `muster up`'}.`,
    folder,
  );
}

function unknownProject(message: string, project: string): AppError<'project.unknown'> {
  return new AppError('project.unknown', message, { project });
}
