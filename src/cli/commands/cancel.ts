import { defineCommand } from '../command.js';
import { reportThread } from '../output/threadReport.js';
import { present } from '../lookup/threadLookup.js';

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'stop the run of a thread',
  positionals: [{ name: 'thread', required: true }],
  details: 'What the agent did so far stays in the worktree.',
  async run(context, args) {
    const threadId = args.required(0);
    const client = await context.connect();
    const { thread } = await client.threads.cancelThread({ threadId }, { signal: context.signal });
    return reportThread(context, present(thread, threadId));
  },
});
