import { defineCommand } from '../command.js';
import { ignoredOption, readIgnored } from '../options/ignoredFiles.js';
import { reportThread } from '../output/threadReport.js';
import { present } from '../lookup/threadLookup.js';

export const abandon = defineCommand({
  name: 'abandon',
  summary: 'stop a thread, keep its work as a rescue ref, remove its worktree',
  positionals: [{ name: 'thread', required: true }],
  options: { ignored: ignoredOption },
  details: '`muster restore` brings it back.',
  async run(context, args) {
    const threadId = args.required(0);
    const ignored = readIgnored(args.text('ignored'));
    const client = await context.connect();
    const { thread } = await client.threads.abandonThread({ threadId, ignored }, { signal: context.signal });
    return reportThread(context, present(thread, threadId));
  },
});
