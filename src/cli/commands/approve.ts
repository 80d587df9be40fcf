import { defineCommand } from '../command.js';
import { noteUnsent } from '../output/noteUnsent.js';
import { threadJson } from '../output/wireJson.js';
import { present } from '../lookup/threadLookup.js';

export const approve = defineCommand({
  name: 'approve',
  summary: 'keep a thread’s work as a commit that a merge can name',
  positionals: [{ name: 'thread', required: true }],
  details: 'Prints the commit: `muster merge <thread> --expect COMMIT` then refuses anything that changed since.',
  async run({ connect, out, json, signal }, args) {
    const threadId = args.required(0);
    const client = await connect();
    const { thread, head } = await client.threads.approveThread({ threadId }, { signal });
    if (thread) noteUnsent(out, thread);
    if (json) out.json({ head, thread: threadJson(present(thread, threadId)) });
    else out.line(head);
    return 0;
  },
});
