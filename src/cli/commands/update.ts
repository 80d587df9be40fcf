import { shortId } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { oneLine } from '../output/terminalText.js';

export const update = defineCommand({
  name: 'update',
  summary: 'bring what the target has by now into a thread’s branch',
  positionals: [{ name: 'thread', required: true }],
  details: 'Nothing is changed when both changed the same places; the files are named then.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const client = await context.connect();
    const { updated, target, head } = await client.merges.updateThread({ threadId: thread.id }, { signal });
    if (json) out.json({ thread_id: thread.id, updated, target, head });
    else if (updated) out.line(`has all of ${oneLine(target)} now, at ${shortId(head)}`);
    else out.line(`has all of ${oneLine(target)} already`);
    return 0;
  },
});
