import { defineCommand } from '../command.js';
import { reportThread } from '../output/threadReport.js';
import { present } from '../lookup/threadLookup.js';

export const restore = defineCommand({
  name: 'restore',
  summary: 'bring back an abandoned thread',
  positionals: [{ name: 'thread', required: true }],
  details: 'Branch and worktree are made again from the rescue ref, with uncommitted and untracked files.',
  async run(context, args) {
    const threadId = args.required(0);
    const client = await context.connect();
    const { thread } = await client.threads.restoreThread({ threadId }, { signal: context.signal });
    return reportThread(context, present(thread, threadId));
  },
});
