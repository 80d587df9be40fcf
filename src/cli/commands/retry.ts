import { randomUUID } from 'node:crypto';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import { defineCommand } from '../command.js';
import { getProject } from '../lookup/projectLookup.js';
import { getThread } from '../lookup/threadLookup.js';
import { workingFolderVariables } from '../runs/workingFolderVariables.js';

export const retry = defineCommand({
  name: 'retry',
  summary: 'ask again what came to nothing',
  positionals: [{ name: 'thread', required: true }],
  details: 'Reviewers that gave no verdict are asked again; otherwise the agent that was asked last.',
  async run(context, args) {
    const { signal, json, out, repeatable } = context;
    const thread = await getThread(context, args.required(0));
    const project = await getProject({ ...context, projectName: thread.projectId });
    const request = {
      threadId: thread.id,
      environment: {
        ...(await workingFolderVariables(context, project)),
        ...collectDispatchEnvironment(context.env, project),
      },
      idempotencyKey: randomUUID(),
    };
    const { threadId, messageId, runId, status } = await repeatable(({ threads }) =>
      threads.retryThread(request, { signal }),
    );
    if (json) out.json({ thread_id: threadId, message_id: messageId, run_id: runId, status });
    else out.line(`${threadId} ${status}; \`muster logs ${threadId.slice(0, 6)} --follow\` shows its work.`);
    return 0;
  },
});
