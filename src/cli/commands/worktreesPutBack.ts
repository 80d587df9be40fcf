import { defineCommand } from '../command.js';
import { oneLine } from '../output/terminalText.js';

export const worktreesPutBack = defineCommand({
  name: 'worktrees put-back',
  summary: 'undo what runs of a thread did to your stash, branches, tags, settings and checkout',
  positionals: [{ name: 'thread', required: true }],
  details:
    'What somebody has changed again since, and branches that are checked out, stay as they are and are named. Edits come back to files that are as committed.',
  async run({ connect, out, json, signal }, args) {
    const client = await connect();
    const { done, left } = await client.worktrees.putBackShared({ threadId: args.required(0) }, { signal });
    if (json) {
      out.json({ done, left });
      return left.length === 0 ? 0 : 1;
    }
    if (done.length + left.length === 0) out.line('Nothing was changed.');
    for (const each of done) out.line(`undone: ${oneLine(each)}`);
    for (const each of left) out.line(`left as it is: ${oneLine(each)}`);
    return left.length === 0 ? 0 : 1;
  },
});
