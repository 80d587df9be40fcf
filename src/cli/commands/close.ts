import { defineCommand } from '../command.js';
import { reportThread } from '../output/threadReport.js';
import { present } from '../lookup/threadLookup.js';

export const close = defineCommand({
  name: 'close',
  summary: 'end a thread without merging it',
  positionals: [{ name: 'thread', required: true }],
  details: 'Its worktree stays until it is removed.',
  async run(context, args) {
    const threadId = args.required(0);
    const client = await context.connect();
    const { thread } = await client.threads.closeThread({ threadId }, { signal: context.signal });
    return reportThread(context, present(thread, threadId));
  },
});
