import { defineCommand } from '../command.js';
import { piecesOf } from '../lookup/changedPieces.js';
import { getThread } from '../lookup/threadLookup.js';
import { reportStaged } from './reviewStage.js';

export const reviewUnstage = defineCommand({
  name: 'review unstage',
  summary: 'choose them no more; without files, none of them',
  positionals: [
    { name: 'thread', required: true },
    { name: 'files…', required: false },
  ],
  options: {},
  async run(context, args) {
    const { signal } = context;
    const [prefix = '', ...named] = args.positionals;
    const thread = await getThread(context, prefix);
    const client = await context.connect();
    const { files } = await client.reviews.listChanges({ threadId: thread.id, allRepositories: true }, { signal });
    const hunks = piecesOf(files, named);
    await client.reviews.unstageChanges({ threadId: thread.id, hunks }, { signal });
    return await reportStaged(context, thread.id);
  },
});
