import { defineCommand } from '../command.js';
import { present } from '../lookup/threadLookup.js';
import { usageError } from '../options/usageError.js';
import { oneLine } from '../output/terminalText.js';
import { reportThread } from '../output/threadReport.js';
import { mergeJson } from '../output/wireJson.js';
import { presentMerge } from '../runs/mergeEnd.js';

export const close = defineCommand({
  name: 'close',
  summary: 'end a thread without merging it, or when its merge has landed',
  positionals: [{ name: 'thread', required: true }],
  options: {
    failed: { type: 'boolean', text: 'it came to nothing' },
    note: { type: 'string', value: 'TEXT', text: 'why, for whoever reads the conversation later' },
    stop: { type: 'boolean', text: 'stop what is at work on it first' },
    merge: { type: 'boolean', text: 'queue its merge; the thread is completed when that has landed' },
    into: {
      type: 'string',
      value: 'BRANCH',
      text: 'with --merge: the target (default: the branch the thread started from)',
    },
    strategy: { type: 'string', value: 'NAME', text: 'with --merge: merge, squash or rebase' },
  },
  details: 'Its worktree stays until it is removed. With --merge the thread stays open when the merge cannot land.',
  async run(context, args) {
    const threadId = args.required(0);
    const { signal, out, json } = context;
    const merging = args.flag('merge');
    const target = args.text('into');
    const strategy = args.text('strategy');
    if (!merging && (target !== undefined || strategy !== undefined))
      throw usageError('--into and --strategy say how to merge: they need --merge.');
    if (merging && args.flag('failed')) throw usageError('What is merged is completed: leave --failed out.');
    const client = await context.connect();
    if (merging) {
      const request = { threadId, target: target ?? '', strategy: strategy ?? '' };
      const merge = presentMerge((await client.merges.requestMerge(request, { signal })).merge);
      if (json) out.json(mergeJson(merge));
      else
        out.line(
          `${merge.id} ${merge.status}, into ${oneLine(merge.target)}; \`muster wait merge ${merge.id}\` tells when it has ended.`,
        );
      return 0;
    }
    const request = {
      threadId,
      outcome: args.flag('failed') ? 'failed' : '',
      note: args.text('note') ?? '',
      stop: args.flag('stop'),
    };
    const { thread } = await client.threads.closeThread(request, { signal });
    return reportThread(context, present(thread, threadId));
  },
});
