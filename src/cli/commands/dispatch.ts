import type { DispatchResponse } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { sendTask } from '../runs/dispatching.js';
import { usageError } from '../options/usageError.js';
import { describeState, notesOf } from '../output/threadList.js';
import { threadJson } from '../output/wireJson.js';
import { dispatchAttempts, readBestOf, readModels } from '../runs/attempts.js';
import { readCount } from '../options/readCount.js';
import { readTime } from '../options/readTime.js';
import { readPrompt } from '../options/prompt.js';
import { waitUntilSettled } from '../../client/settling.js';
import { getThread } from '../lookup/threadLookup.js';

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
    'with-changes': { type: 'boolean', text: 'begin with what is not committed here; it never lands with the work' },
    'project': { type: 'string', value: 'NAME', text: 'the same as --project-name' },
    'skip-handoff': { type: 'boolean', text: 'do not hand the reply on to the agents that the file names' },
    'batch': { type: 'string', value: 'NAME', text: 'put the thread into this batch' },
    'depends-on': { type: 'string', multiple: true, value: 'THREAD', text: 'not before this thread is completed' },
    'at': { type: 'string', value: 'TIME', text: 'not before this time, such as 2030-01-31T18:00:00Z' },
    'priority': { type: 'string', value: 'N', text: 'higher comes first in the queue (default 0)' },
    'best-of': {
      type: 'string',
      value: 'N|AGENTS',
      text: 'several attempts, of this agent (3) or also of others (a,b); `keep` takes one',
    },
    'models': {
      type: 'string',
      value: 'MODELS',
      text: 'an attempt of this agent with each of these models (a,b); `keep` takes one',
    },
    'wait': { type: 'boolean', text: 'wait until the thread has settled' },
  },
  details:
    'A task that begins with a dash goes after `--`. Without words the task is read from standard input when that is piped.',
  async run(context, args) {
    const [agent = '', ...words] = args.positionals;
    if (agent === '') throw usageError('The name of the agent is empty.');
    const prompt = await readPrompt({ words, file: args.text('prompt-file') }, context);
    const models = readModels(args.text('models'));
    const bestOf = readBestOf(agent, args.text('best-of')) ?? models?.map(() => agent);
    if (bestOf) {
      const name = models ? '--models' : '--best-of';
      const others = [...(models ? (['best-of'] as const) : []), 'thread', 'batch', 'at', 'priority'] as const;
      const refused = others.find(option => args.text(option) !== undefined);
      if (refused !== undefined) throw usageError(`${name} starts threads of its own; it takes no --${refused}.`);
      const attempts = { agents: bestOf, models, prompt, summary: args.text('summary'), base: args.text('base') };
      const named = { ...context, projectName: args.text('project') ?? context.projectName };
      return await dispatchAttempts(named, attempts, { wait: args.flag('wait') });
    }
    const response = await sendTask(
      { ...context, projectName: args.text('project') ?? context.projectName },
      {
        agent,
        prompt,
        thread: args.text('thread'),
        summary: args.text('summary'),
        base: args.text('base'),
        withChanges: args.flag('with-changes'),
        skipHandoff: args.flag('skip-handoff'),
        batch: args.text('batch'),
        dependsOn: args.list('depends-on'),
        priority: readCount(args.text('priority'), '--priority'),
        scheduledFor: readTime(args.text('at'), '--at'),
      },
    );
    return args.flag('wait') ? await waitForEnd(context, response) : report(context, response);
  },
});

function report({ out, json }: CommandContext, response: DispatchResponse): number {
  const { threadId, messageId, runId, status } = response;
  if (json) out.json({ thread_id: threadId, message_id: messageId, run_id: runId, status });
  else out.line(`${threadId} ${status}; \`muster logs ${threadId.slice(0, 6)} --follow\` shows its work.`);
  return 0;
}

async function waitForEnd(context: CommandContext, response: DispatchResponse): Promise<number> {
  const { out, json, signal } = context;
  if (!json) out.note(`${response.threadId} ${response.status}`);
  const thread = await getThread(context, response.threadId);
  const settled = await waitUntilSettled(await context.watch(), { thread, signal });
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
  } else {
    out.line(`${threadId} ${describeState(settled)}`);
    for (const note of notesOf(settled)) out.note(note);
  }
  // Reviewers that could not agree leave a run that succeeded, and a thread that is not done.
  return settled.latestRun?.status === 'succeeded' && settled.status !== 'needs_you' ? 0 : 1;
}
