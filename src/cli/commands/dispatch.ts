import { randomUUID } from 'node:crypto';
import { isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { DispatchResponse } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { usageError } from '../globalOptions.js';
import { describeState } from '../output/threadList.js';
import { threadJson } from '../output/wireJson.js';
import { readPrompt } from '../prompt.js';
import { waitUntilSettled } from '../settling.js';
import { findProject } from './ps.js';

export const dispatch = defineCommand({
  name: 'dispatch',
  summary: 'give an agent a task',
  positionals: [
    { name: 'agent', required: true },
    { name: 'prompt…', required: false },
  ],
  options: {
    'prompt-file': { type: 'string', value: 'FILE', text: 'read the task from a file; - is standard input' },
    'thread': { type: 'string', value: 'ID', text: 'follow up on this thread instead of starting one' },
    'summary': { type: 'string', value: 'TEXT', text: 'title of the thread (default: first line of the task)' },
    'base': { type: 'string', value: 'REF', text: 'branch or commit that the thread starts from' },
    'project': { type: 'string', short: 'p', value: 'NAME', text: 'the project, when this folder is in none' },
    'wait': { type: 'boolean', text: 'wait until the thread has settled' },
  },
  details:
    'A task that begins with a dash goes after `--`. Without words the task is read from standard input when that is piped.',
  async run(context, args) {
    const [agent = '', ...words] = args.positionals;
    if (agent === '') throw usageError('The name of the agent is empty.');
    const prompt = await readPrompt({ words, file: args.text('prompt-file') }, context);
    const client = await context.connect();
    const thread = args.text('thread') ?? '';
    const project = args.text('project') ?? '';
    const request = {
      agent,
      prompt,
      project,
      folder: project === '' && thread === '' ? context.directory : '',
      threadId: thread,
      summary: args.text('summary') ?? '',
      base: args.text('base') ?? '',
      environment: await collectEnvironment(client, { context, project, thread }),
      // The same answer comes again when the first one was lost on its way.
      idempotencyKey: randomUUID(),
    };
    const response = await sendTwice(context, next => next.threads.dispatch(request, { signal: context.signal }));
    return args.flag('wait') ? await waitForEnd(context, response) : report(context, response);
  },
});

/** The provider's variables, and those that the project's secrets refer to. */
async function collectEnvironment(
  client: HostClient,
  { context, project, thread }: { readonly context: CommandContext; readonly project: string; readonly thread: string },
): Promise<Record<string, string>> {
  const environment = collectProviderEnvironment(context.env);
  const { signal } = context;
  const found = await lookUp();
  for (const name of found?.environmentNames ?? []) {
    const value = context.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;

  async function lookUp() {
    if (thread !== '') {
      const answer = await client.threads.getThread({ threadId: thread }, { signal });
      return (await client.projects.getProject({ project: answer.thread?.projectId ?? '' }, { signal })).project;
    }
    // A project that does not exist is the dispatch's own error.
    return project === ''
      ? findProject(client, context)
      : (await client.projects.getProject({ project }, { signal })).project;
  }
}

async function sendTwice<T>(context: CommandContext, send: (client: HostClient) => Promise<T>): Promise<T> {
  try {
    return await send(await context.connect());
  } catch (error) {
    if (!isAppError(error, 'host.unreachable')) throw error;
    return await send(await context.reconnect());
  }
}

function report({ out, json }: CommandContext, response: DispatchResponse): number {
  const { threadId, messageId, runId, status } = response;
  if (json) out.json({ thread_id: threadId, message_id: messageId, run_id: runId, status });
  else out.line(`${threadId} ${status}; \`muster logs ${threadId.slice(0, 6)} --follow\` shows its work.`);
  return 0;
}

async function waitForEnd(context: CommandContext, response: DispatchResponse): Promise<number> {
  const { out, json, signal } = context;
  if (!json) out.note(`${response.threadId} ${response.status}`);
  const client = await context.connect();
  const { thread } = await client.threads.getThread({ threadId: response.threadId }, { signal });
  const settled = thread && (await waitUntilSettled(context.watch(), { thread, signal }));
  if (!settled) return report(context, response);
  const { threadId, messageId, runId } = response;
  if (json) {
    out.json({
      thread_id: threadId,
      message_id: messageId,
      run_id: runId,
      status: settled.status,
      thread: threadJson(settled),
    });
  } else out.line(`${threadId} ${describeState(settled)}`);
  return settled.latestRun?.status === 'succeeded' ? 0 : 1;
}
