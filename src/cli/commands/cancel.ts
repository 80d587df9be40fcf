import { defineCommand } from '../command.js';
import { reportThread } from '../output/threadReport.js';
import { present } from '../lookup/threadLookup.js';

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'stop the run or the merge of a thread',
  positionals: [{ name: 'thread', required: true }],
  details: 'What the agent did so far stays in the worktree; a merge that has not moved its target yet is taken back.',
  async run(context, args) {
    const threadId = args.required(0);
    const client = await context.connect();
    const { thread, ended } = await client.threads.cancelThread({ threadId }, { signal: context.signal });
    const now = present(thread, threadId);
    if (ended.length === 0)
      context.out.note('Nothing to cancel: neither a run nor a merge of this thread is under way.');
    else if (now.status === 'merged') context.out.note('Too late to cancel: the merge had moved its target.');
    return reportThread(context, now);
  },
});
