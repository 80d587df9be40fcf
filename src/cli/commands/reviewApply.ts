import { shortId } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';

export const reviewApply = defineCommand({
  name: 'review apply',
  summary: 'put the code that a comment suggests into the thread',
  positionals: [
    { name: 'thread', required: true },
    { name: 'comment', required: true },
  ],
  details: 'A suggestion is a block that begins with ```suggestion; it stands for the lines that the comment is about.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const client = await context.connect();
    const request = { threadId: thread.id, commentId: args.required(1) };
    const { head } = await client.reviews.applySuggestion(request, { signal });
    if (json) out.json({ thread_id: thread.id, head });
    else out.line(`applied, at ${shortId(head)}`);
    return 0;
  },
});
