import { shortId } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';

export const reviewCommit = defineCommand({
  name: 'review commit',
  summary: 'leave of a thread’s changes those that are staged',
  positionals: [{ name: 'thread', required: true }],
  options: {
    message: { type: 'string', short: 'm', value: 'TEXT', text: 'of the commit; default: what the thread was asked' },
  },
  details:
    'It becomes a commit on the branch of the thread, and that is what merging brings in. What is left out stays in the history of the branch.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const message = args.text('message') ?? thread.summary;
    const client = await context.connect();
    const { head, kept, leftOut } = await client.reviews.commitStaged({ threadId: thread.id, message }, { signal });
    if (json) out.json({ thread_id: thread.id, head, kept, left_out: leftOut });
    else out.line(`${kept} changes kept, ${leftOut} left out, at ${shortId(head)}`);
    return 0;
  },
});
