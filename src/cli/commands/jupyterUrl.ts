import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import { defineCommand } from '../command.js';

export const jupyterUrl = defineCommand({
  name: 'jupyter url',
  summary: 'print a link that opens the notebooks of a thread in a browser',
  details:
    'Starts the server when the thread has none. The link opens JupyterLab (or Notebook) once, within two minutes, in a browser of the machine where the host runs; who has the page open can reload it as long as that host lives.',
  positionals: [{ name: 'thread', required: true }],
  async run(context, args) {
    const { signal, out, env } = context;
    const environment = collectProviderEnvironment(env);
    const { url } = await context.repeatable(client =>
      client.notebooks.openNotebookPage({ threadId: args.required(0), environment }, { signal }),
    );
    if (context.json) out.json({ url });
    else out.line(url);
    return 0;
  },
});
