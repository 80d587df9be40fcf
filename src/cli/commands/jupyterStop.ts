import { defineCommand } from '../command.js';
import { serverJson } from '../output/notebookJson.js';

export const jupyterStop = defineCommand({
  name: 'jupyter stop',
  summary: 'end the Jupyter server of a thread, with its kernels',
  positionals: [{ name: 'thread', required: true }],
  async run(context, args) {
    const { signal, out } = context;
    const { server } = await context.repeatable(client =>
      client.notebooks.stopNotebookServer({ threadId: args.required(0) }, { signal }),
    );
    if (context.json) out.json(server ? serverJson(server) : null);
    else if (server) out.line(`The Jupyter server of thread ${server.threadId} is ${server.state}.`);
    else out.line('The thread has no Jupyter server.');
    return 0;
  },
});
