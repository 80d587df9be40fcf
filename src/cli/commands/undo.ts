import { shortId } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { oneLine } from '../output/terminalText.js';

export const undo = defineCommand({
  name: 'undo',
  summary: 'take the last merge of a thread back',
  positionals: [{ name: 'thread', required: true }],
  details:
    'The branch goes back to where it was if nothing came on top; otherwise a commit reverts the merge. The thread is open again.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const client = await context.connect();
    const { kind, commit, target } = await client.merges.undoMerge({ threadId: thread.id }, { signal });
    if (json) {
      out.json({ thread_id: thread.id, kind, target, commit });
      return 0;
    }
    const branch = oneLine(target);
    if (kind === 'restored') out.line(`${branch} is where it was before the merge, at ${shortId(commit)}`);
    else out.line(`${branch} has more by now, so that ${shortId(commit)} reverts the merge`);
    return 0;
  },
});
