import { defineCommand } from '../command.js';
import { oneLine } from '../output/terminalText.js';
import { serverJson } from '../output/notebookJson.js';
import { formatTable } from '../output/table.js';

export const jupyter = defineCommand({
  name: 'jupyter',
  summary: 'list the Jupyter servers of threads',
  details:
    '`muster jupyter start <thread>` starts one on the thread’s worktree. It ends with the worktree, or when nobody used it for half an hour.',
  async run(context) {
    const { signal, out } = context;
    const { threads } = await context.repeatable(client => client.threads.listThreads({ limit: 500 }, { signal }));
    const servers = threads.flatMap(thread =>
      thread.notebookServer ? [{ server: thread.notebookServer, summary: thread.summary }] : [],
    );
    if (context.json) {
      out.json({ servers: servers.map(({ server }) => serverJson(server)) });
      return 0;
    }
    if (servers.length === 0) out.line('No thread has a Jupyter server.');
    const rows = servers.map(({ server, summary }) => [
      { text: server.threadId.slice(0, 8), paint: out.style.accent },
      { text: server.state },
      { text: oneLine(server.state === 'failed' ? server.reason : summary) },
    ]);
    for (const line of formatTable(rows)) out.line(line);
    return 0;
  },
});
