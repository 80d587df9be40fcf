import { defineCommand } from '../command.js';
import { present } from '../lookup/threadLookup.js';
import { reportThread } from '../output/threadReport.js';

export const reopen = defineCommand({
  name: 'reopen',
  summary: 'open a thread again that was closed',
  positionals: [{ name: 'thread', required: true }],
  details: 'One that was abandoned gets its worktree and its work back. A task for a closed thread opens it too.',
  async run(context, args) {
    const threadId = args.required(0);
    const client = await context.connect();
    const { thread } = await client.threads.reopenThread({ threadId }, { signal: context.signal });
    return reportThread(context, present(thread, threadId));
  },
});
