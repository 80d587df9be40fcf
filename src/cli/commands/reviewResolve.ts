import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { reportComment } from './review.js';

export const reviewResolve = defineCommand({
  name: 'review resolve',
  summary: 'resolve what was said, or open it again',
  positionals: [
    { name: 'thread', required: true },
    { name: 'comment', required: true },
  ],
  options: { reopen: { type: 'boolean', text: 'open it again' } },
  async run(context, args) {
    const { signal } = context;
    const thread = await getThread(context, args.required(0));
    const client = await context.connect();
    const request = { threadId: thread.id, commentId: args.required(1), reopen: args.flag('reopen') };
    const { comment } = await client.reviews.resolveComment(request, { signal });
    reportComment(context, comment);
    return 0;
  },
});
