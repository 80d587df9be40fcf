import { defineCommand } from '../command.js';
import { present } from '../lookup/threadLookup.js';
import { oneLine } from '../output/terminalText.js';
import { threadJson } from '../output/wireJson.js';

export const keep = defineCommand({
  name: 'keep',
  summary: 'keep one of several attempts at a task, and abandon the others',
  positionals: [{ name: 'thread', required: true }],
  details:
    'Attempts are the threads of a batch that began with the same words (`dispatch --best-of`). What was merged stays; `muster restore` brings each of the others back. Exit status 1 when one of them could not be abandoned.',
  async run({ connect, out, json, signal }, args) {
    const threadId = args.required(0);
    const client = await connect();
    const answer = await client.threads.keepAttempt({ threadId }, { signal });
    const { abandoned, failed } = answer;
    const thread = present(answer.thread, threadId);
    if (json) out.json({ thread: threadJson(thread), abandoned, failed });
    else {
      out.line(`${thread.id} kept`);
      for (const id of abandoned) out.line(`${id} abandoned`);
      for (const [id, reason] of Object.entries(failed)) out.line(`${id} ${oneLine(reason)}`);
    }
    return Object.keys(failed).length === 0 ? 0 : 1;
  },
});
