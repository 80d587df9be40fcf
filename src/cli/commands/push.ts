import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { oneLine } from '../output/terminalText.js';
import { mergeJson } from '../output/wireJson.js';

export const push = defineCommand({
  name: 'push',
  summary: 'push what a thread has landed, where that failed',
  positionals: [{ name: 'thread', required: true }],
  options: {},
  details: 'To the address of `merge.push` in the compose file; never by force. Exit status 1: it was not pushed.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const client = await context.connect();
    const { merge } = await client.merges.pushMerge({ threadId: thread.id }, { signal });
    if (json && merge) out.json({ merge: mergeJson(merge) });
    else out.line(oneLine(merge?.message ?? ''));
    return merge?.push === 'pushed' ? 0 : 1;
  },
});
