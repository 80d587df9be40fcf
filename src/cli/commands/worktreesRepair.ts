import { defineCommand } from '../command.js';
import { present } from '../lookup/threadLookup.js';
import { oneLine } from '../output/terminalText.js';
import { reportThread } from '../output/threadReport.js';
import { threadJson } from '../output/wireJson.js';

export const worktreesRepair = defineCommand({
  name: 'worktrees repair',
  summary: 'put a replaced .git of a worktree right',
  positionals: [{ name: 'thread', required: true }],
  details:
    'What the agent put in its place is moved beside the worktree, a deleted folder is made again, and work is committed.',
  async run(context, args) {
    const { connect, out, json, signal } = context;
    const threadId = args.required(0);
    const client = await connect();
    const { thread: found, setAside } = await client.worktrees.repairWorktree({ threadId }, { signal });
    const thread = present(found, threadId);
    if (json) {
      out.json({ thread: threadJson(thread), set_aside: setAside });
      return 0;
    }
    for (const path of setAside) out.line(`What was there is now ${oneLine(path)}`);
    return reportThread(context, thread);
  },
});
