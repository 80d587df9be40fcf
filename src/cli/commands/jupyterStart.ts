import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import { defineCommand } from '../command.js';
import { serverJson } from '../output/notebookJson.js';

export const jupyterStart = defineCommand({
  name: 'jupyter start',
  summary: 'start a Jupyter server on the worktree of a thread',
  positionals: [{ name: 'thread', required: true }],
  async run(context, args) {
    const { signal, out, env } = context;
    const environment = collectProviderEnvironment(env);
    const { server } = await context.repeatable(client =>
      client.notebooks.startNotebookServer({ threadId: args.required(0), environment }, { signal }),
    );
    if (server && context.json) out.json(serverJson(server));
    else if (server) out.line(`The Jupyter server of thread ${server.threadId} is ${server.state}.`);
    return 0;
  },
});
