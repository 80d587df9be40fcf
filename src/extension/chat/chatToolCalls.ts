import { AppError } from '../../base/errors.js';
import { isSettled } from '../../client/settling.js';
import type { HostClient } from '../../client/hostClient.js';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import {
  changesInput,
  dispatchInput,
  threadInput,
  type ChangesInput,
  type DispatchInput,
} from '../../protocol/chatToolInputs.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { ChatToolName } from '../manifest/chatToolTable.js';

/** What the tools of chat ask of the rest of the extension. */
export interface ChatToolServices {
  client(signal: AbortSignal): Promise<HostClient>;
  /** Those that this window shows. */
  projects(): readonly Project[];
  threads(): readonly Thread[];
  /** The thread as it is now, also of another window. */
  thread(id: string): Thread | undefined;
  /** Resolves at the next change of a thread. */
  changed(signal: AbortSignal): Promise<void>;
}

/** Characters of a patch, and of an answer, that one call returns. */
const pageLength = 40_000;
const mostThreads = 50;

/** Does what a tool says and returns what the model reads. Errors: `request.invalid`, those of the host. */
export async function callChatTool(
  name: ChatToolName,
  input: unknown,
  { services, signal }: { readonly services: ChatToolServices; readonly signal: AbortSignal },
): Promise<Readonly<Record<string, unknown>>> {
  switch (name) {
    case 'muster_agents':
      return { agents: services.projects().flatMap(agentsOf) };
    case 'muster_threads':
      return { threads: latest(services.threads()).map(threadFields) };
    case 'muster_dispatch':
      return await dispatch(services, parsed(dispatchInput, input), signal);
    case 'muster_wait':
      return await wait(services, parsed(threadInput, input).thread_id, signal);
    case 'muster_changes':
      return await changes(services, parsed(changesInput, input), signal);
  }
}

interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false };
}

function parsed<T>(schema: Schema<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new AppError('request.invalid', 'The input does not have the form that the tool describes.', {
    field: 'input',
    reason: 'not of that form',
  });
}

function agentsOf({ name, agents, consented, removed }: Project) {
  if (removed) return [];
  return agents.map(agent => ({
    agent: agent.name,
    project: name,
    provider: agent.provider,
    ...(agent.model === '' ? {} : { model: agent.model }),
    running: agent.active,
    queued: agent.queued,
    ...(agent.problem === '' && consented ? {} : { problem: agent.problem || 'waits for a person to apply the file' }),
  }));
}

function latest(threads: readonly Thread[]): readonly Thread[] {
  return threads.toSorted((a, b) => Number(b.updatedAt - a.updatedAt)).slice(0, mostThreads);
}

function threadFields(thread: Thread) {
  return {
    thread_id: thread.id,
    agent: thread.agent,
    state: thread.status,
    task: thread.summary,
    ...(thread.needs === '' ? {} : { needs_a_person: thread.needs }),
    ...(thread.branch === '' ? {} : { branch: thread.branch }),
    ...(thread.filesChanged === undefined ? {} : { files_changed: thread.filesChanged }),
    ...(thread.costUsd === undefined ? {} : { cost_usd: thread.costUsd }),
  };
}

async function dispatch(
  services: ChatToolServices,
  { agent, prompt, thread_id: threadId = '' }: DispatchInput,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const projects = services.projects().filter(({ removed }) => !removed);
  const project = projects.find(({ agents }) => agents.some(({ name }) => name === agent));
  if (!project && threadId === '') {
    const known = projects.flatMap(({ agents }) => agents.map(({ name }) => name));
    const message = `There is no agent ${JSON.stringify(agent.slice(0, 60))} here. Known agents: ${known.join(', ') || 'none'}.`;
    throw new AppError('agent.unknown', message, { agent: agent.slice(0, 60), known });
  }
  const client = await services.client(signal);
  const environment = collectProviderEnvironment(process.env);
  const request = { project: threadId === '' ? (project?.id ?? '') : '', agent, prompt, threadId, environment };
  const sent = await client.threads.dispatch(request, { signal });
  return { thread_id: sent.threadId, state: sent.status, next_step: 'muster_wait tells the answer.' };
}

async function wait(
  services: ChatToolServices,
  reference: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const client = await services.client(signal);
  const first = (await client.threads.getThread({ threadId: reference }, { signal })).thread;
  const id = first?.id ?? reference;
  for (let now = first; now && !isSettled(now); now = services.thread(id) ?? now) await services.changed(signal);
  const { thread, messages } = await client.threads.getThread({ threadId: id }, { signal });
  const answer = messages.findLast(message => message.to === 'you' && message.from !== 'you');
  return {
    ...(thread ? threadFields(thread) : { thread_id: id }),
    ...(answer ? { from: answer.from, answer: answer.body.slice(0, pageLength) } : {}),
  };
}

async function changes(
  services: ChatToolServices,
  { thread_id: threadId, offset = 0 }: ChangesInput,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const client = await services.client(signal);
  const diff = await client.threads.diffThread({ threadId, withPatch: true }, { signal });
  const end = offset + pageLength;
  return {
    files: diff.files.map(({ path, status, additions, deletions }) => ({ path, status, additions, deletions })),
    patch: diff.patch.slice(offset, end),
    ...(diff.patch.length > end ? { next_offset: end } : {}),
  };
}
