import { basename } from 'node:path';
import { defineCommand, type CommandContext } from '../command.js';
import type { QueuedMerge } from '../../protocol/gen/muster/v1/merges_pb.js';
import { oneLine } from '../output/terminalText.js';
import { formatTable } from '../output/table.js';
import { queuedJson } from '../output/wireJson.js';

export const queue = defineCommand({
  name: 'queue',
  summary: 'list the merges that wait or are at work',
  details:
    'One merge per repository and target is at work at a time. `muster merge <thread>` adds one, `muster cancel` takes it out.',
  async run(context) {
    const { signal } = context;
    const { queue: found } = await context.repeatable(client => client.merges.listQueue({}, { signal }));
    printQueue(context, found);
    return 0;
  },
});

/** Prints the queue, those that come first on top. */
export function printQueue({ out, json }: CommandContext, queued: readonly QueuedMerge[]): void {
  if (json) {
    out.json({ queue: queued.map(queuedJson) });
    return;
  }
  if (queued.length === 0) out.line('No merges wait.');
  const rows = queued.map(({ merge, threadSummary, repository, position, priority }) => [
    { text: String(position), align: 'right' as const },
    { text: (merge?.threadId ?? '').slice(0, 8), paint: out.style.accent },
    { text: merge?.status ?? '' },
    { text: `${oneLine(basename(repository))} → ${oneLine(merge?.target ?? '')}` },
    { text: priority === 0 ? '' : `priority ${priority}` },
    { text: oneLine(merge?.message || threadSummary) },
  ]);
  for (const line of formatTable(rows)) out.line(line);
}
