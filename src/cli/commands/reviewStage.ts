import type { CommandContext } from '../command.js';
import { defineCommand } from '../command.js';
import { piecesOf } from '../lookup/changedPieces.js';
import { getThread } from '../lookup/threadLookup.js';
import { reviewedFileJson } from './reviewFiles.js';

export const reviewStage = defineCommand({
  name: 'review stage',
  summary: 'choose pieces of a thread’s changes, for `muster review commit`',
  positionals: [
    { name: 'thread', required: true },
    { name: 'files…', required: true },
  ],
  options: {},
  details:
    'A file is `FILE`, or `FILE:LINE` for the piece at that line. `muster review files <thread> --pieces` lists what there is.',
  async run(context, args) {
    const [prefix = '', ...named] = args.positionals;
    const thread = await getThread(context, prefix);
    const client = await context.connect();
    const { files } = await client.reviews.listChanges(
      { threadId: thread.id, allRepositories: true },
      { signal: context.signal },
    );
    await client.reviews.stageChanges(
      { threadId: thread.id, hunks: piecesOf(files, named) },
      { signal: context.signal },
    );
    return await reportStaged(context, thread.id);
  },
});

/** How much of a thread is staged by now. */
export async function reportStaged(context: CommandContext, threadId: string): Promise<number> {
  const client = await context.connect();
  const { files } = await client.reviews.listChanges({ threadId, allRepositories: true }, { signal: context.signal });
  const hunks = files.flatMap(file => file.hunks);
  const staged = hunks.filter(hunk => hunk.staged).length;
  if (context.json) context.out.json({ thread_id: threadId, files: files.map(reviewedFileJson) });
  else context.out.line(`${staged} of ${hunks.length} changes staged`);
  return 0;
}
