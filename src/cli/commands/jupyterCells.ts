import { defineCommand } from '../command.js';
import { cellJson } from '../output/notebookJson.js';
import { readCount } from '../options/readCount.js';

export const jupyterCells = defineCommand({
  name: 'jupyter cells',
  summary: 'list what was executed in the kernels of a thread',
  positionals: [{ name: 'thread', required: true }],
  options: { limit: { type: 'string', value: 'N', text: 'only the latest N; default 50' } },
  async run(context, args) {
    const { signal, out } = context;
    const limit = readCount(args.text('limit'), '--limit') ?? 0;
    const { cells } = await context.repeatable(client =>
      client.notebooks.listCells({ threadId: args.required(0), limit }, { signal }),
    );
    if (context.json) {
      out.json({ cells: cells.map(cellJson) });
      return 0;
    }
    if (cells.length === 0) out.line('Nothing was executed.');
    for (const cell of cells) {
      const count = cell.executionCount === 0 ? ' ' : String(cell.executionCount);
      out.line(out.style.accent(`In [${count}]:`));
      out.raw(`${cell.source}\n`);
      if (cell.text !== '') out.raw(cell.text.endsWith('\n') ? cell.text : `${cell.text}\n`);
      out.line();
    }
    return 0;
  },
});
