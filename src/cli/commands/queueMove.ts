import { AppError } from '../../base/errors.js';
import type { QueuedMerge } from '../../protocol/gen/muster/v1/merges_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { readCount } from '../options/readCount.js';
import { usageError } from '../options/usageError.js';
import { printQueue } from './queue.js';

export const queueMove = defineCommand({
  name: 'queue move',
  summary: 'change the turn of a merge that waits',
  positionals: [{ name: 'thread', required: true }],
  options: {
    before: { type: 'string', value: 'THREAD', text: 'directly before the merge of this thread' },
    priority: { type: 'string', value: 'N', text: 'higher comes first' },
  },
  async run(context, args) {
    const { signal } = context;
    const before = args.text('before');
    const priority = readCount(args.text('priority'), '--priority');
    if (before === undefined && priority === undefined) throw usageError('Say --before THREAD or --priority N.');
    const client = await context.connect();
    const { queue } = await client.merges.listQueue({}, { signal });
    const moved = await client.merges.moveMerge(
      {
        mergeId: await mergeOf(context, queue, args.required(0)),
        before: before === undefined ? '' : await mergeOf(context, queue, before),
        ...(priority === undefined ? {} : { priority }),
      },
      { signal },
    );
    printQueue(context, moved.queue);
    return 0;
  },
});

async function mergeOf(context: CommandContext, queue: readonly QueuedMerge[], prefix: string): Promise<string> {
  const thread = await getThread(context, prefix);
  const found = queue.find(({ merge }) => merge?.threadId === thread.id)?.merge;
  if (found) return found.id;
  throw new AppError('merge.unknown', `No merge of thread ${thread.id} waits.`, { merge: '' });
}
