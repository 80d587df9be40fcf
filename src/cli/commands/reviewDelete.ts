import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';

export const reviewDelete = defineCommand({
  name: 'review delete',
  summary: 'take a comment back that was not sent yet',
  positionals: [
    { name: 'thread', required: true },
    { name: 'comment', required: true },
  ],
  async run(context, args) {
    const { signal, json, out } = context;
    const thread = await getThread(context, args.required(0));
    const client = await context.connect();
    await client.reviews.deleteComment({ threadId: thread.id, commentId: args.required(1) }, { signal });
    if (json) out.json({ deleted: true });
    return 0;
  },
});
