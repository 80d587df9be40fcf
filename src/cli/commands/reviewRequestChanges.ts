import { randomUUID } from 'node:crypto';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import { defineCommand } from '../command.js';
import { getProject } from '../lookup/projectLookup.js';
import { getThread } from '../lookup/threadLookup.js';
import { workingFolderVariables } from '../runs/workingFolderVariables.js';

export const reviewRequestChanges = defineCommand({
  name: 'review request-changes',
  summary: 'send all comments to the agent, which goes on with them',
  positionals: [
    { name: 'thread', required: true },
    { name: 'words…', required: false },
  ],
  options: { again: { type: 'boolean', text: 'also what was sent before and is still open' } },
  details: 'The words are said besides the comments. `muster wait <thread>` waits for the answer.',
  async run(context, args) {
    const { signal, json, out, repeatable } = context;
    const [prefix = '', ...words] = args.positionals;
    const thread = await getThread(context, prefix);
    const project = await getProject({ ...context, projectName: thread.projectId });
    const request = {
      threadId: thread.id,
      note: words.join(' '),
      environment: {
        ...(await workingFolderVariables(context, project)),
        ...collectDispatchEnvironment(context.env, project),
      },
      idempotencyKey: randomUUID(),
      again: args.flag('again'),
    };
    const sent = await repeatable(({ reviews }) => reviews.requestChanges(request, { signal }));
    const { threadId, messageId, runId, status } = sent;
    if (json) out.json({ thread_id: threadId, message_id: messageId, run_id: runId, status });
    else out.line(`${threadId} ${status}; \`muster logs ${threadId.slice(0, 6)} --follow\` shows its work.`);
    return 0;
  },
});
