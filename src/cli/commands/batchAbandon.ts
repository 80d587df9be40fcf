import { defineCommand } from '../command.js';

export const batchAbandon = defineCommand({
  name: 'batch abandon',
  summary: 'abandon what is open of a batch',
  positionals: [{ name: 'name', required: true }],
  details:
    'Everything is kept; `muster restore` brings each thread back. Exit status 1 when one of them could not be abandoned.',
  async run(context, args) {
    const batch = args.required(0);
    const client = await context.connect();
    const { abandoned, failed } = await client.threads.abandonBatch({ batch }, { signal: context.signal });
    if (context.json) context.out.json({ batch, abandoned, failed });
    else {
      for (const id of abandoned) context.out.line(`${id} abandoned`);
      for (const [id, reason] of Object.entries(failed)) context.out.line(`${id} ${reason}`);
    }
    return Object.keys(failed).length === 0 ? 0 : 1;
  },
});
