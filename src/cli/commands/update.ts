import { shortId } from '../../protocol/displayFormat.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { usageError } from '../options/usageError.js';
import { oneLine } from '../output/terminalText.js';

export const update = defineCommand({
  name: 'update',
  summary: 'bring what the target has by now into a thread’s branch',
  positionals: [{ name: 'thread', required: true }],
  options: {
    'by-hand': { type: 'boolean', text: 'leave conflicts in the worktree, to be resolved there' },
    'finish': { type: 'boolean', text: 'commit what was resolved' },
    'abandon': { type: 'boolean', text: 'give the merge by hand up' },
  },
  details: 'Without an option nothing is changed when both changed the same places; the files are named then.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const chosen = (['by-hand', 'finish', 'abandon'] as const).filter(name => args.flag(name));
    if (chosen.length > 1) throw usageError('One of --by-hand, --finish and --abandon.');
    if (chosen[0] === 'by-hand') return await begin(context, thread);
    if (chosen[0] !== undefined) return await end(context, thread, chosen[0] === 'abandon');
    const client = await context.connect();
    const { updated, target, head } = await client.merges.updateThread({ threadId: thread.id }, { signal });
    if (json) out.json({ thread_id: thread.id, updated, target, head });
    else if (updated) out.line(`has all of ${oneLine(target)} now, at ${shortId(head)}`);
    else out.line(`has all of ${oneLine(target)} already`);
    return 0;
  },
});

/** 1 while something has to be resolved. */
async function begin({ out, json, signal, connect }: CommandContext, { id, worktree }: Thread): Promise<number> {
  const client = await connect();
  const { done, target, files, others, ours, theirs } = await client.merges.beginHandMerge(
    { threadId: id },
    { signal },
  );
  if (json) {
    out.json({ thread_id: id, done, target, ours, theirs, files, others, worktree });
    return done ? 0 : 1;
  }
  if (done) out.line(`has all of ${oneLine(target)} now`);
  else {
    out.line(`${out.style.attention('conflicts')} with ${oneLine(target)} in ${oneLine(worktree)}`);
    for (const file of [...files, ...others]) out.line(`  ${oneLine(file)}`);
    out.note(`Resolve them there, then \`muster update ${id} --finish\`, or --abandon.`);
  }
  return done ? 0 : 1;
}

async function end({ out, json, signal, connect }: CommandContext, { id }: Thread, abandon: boolean): Promise<number> {
  const client = await connect();
  const { target, head } = await client.merges.endHandMerge({ threadId: id, abandon }, { signal });
  if (json) out.json({ thread_id: id, abandoned: abandon, target, head });
  else if (abandon) out.line('is as it was before');
  else out.line(`has all of ${oneLine(target)} now, at ${shortId(head)}`);
  return 0;
}
