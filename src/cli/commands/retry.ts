import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { askAgain } from '../runs/askAgain.js';

export const retry = defineCommand({
  name: 'retry',
  summary: 'ask again what came to nothing',
  positionals: [{ name: 'thread', required: true }],
  details: 'Reviewers that gave no verdict are asked again; otherwise the agent that was asked last.',
  async run(context, args) {
    const { json, out } = context;
    const thread = await getThread(context, args.required(0));
    const { threadId, messageId, runId, status } = await askAgain(context, thread);
    if (json) out.json({ thread_id: threadId, message_id: messageId, run_id: runId, status });
    else out.line(`${threadId} ${status}; \`muster logs ${threadId.slice(0, 6)} --follow\` shows its work.`);
    return 0;
  },
});
