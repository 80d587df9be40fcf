import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineCommand } from '../command.js';

export const mcp = defineCommand({
  name: 'mcp',
  summary: 'serve the MCP tools on standard input and output, for a coding CLI or an editor',
  details: 'The server ends when its client closes the input. The host is started when the first tool needs it.',
  async run({ bundleDir, signal }) {
    await import(pathToFileURL(join(bundleDir, 'mcp.js')).href);
    await new Promise<void>(resolve => {
      process.stdin.once('close', resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    return 0;
  },
});
