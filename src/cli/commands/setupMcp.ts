import { join } from 'node:path';
import { defineCommand } from '../command.js';
import { installOwnLauncher } from '../connection/ownLauncher.js';
import { mcpClients } from '../mcpClients/mcpClient.js';
import { register } from '../mcpClients/registration.js';
import { usageError } from '../options/usageError.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { requireHome } from '../../node/requireHome.js';

export const setupMcp = defineCommand({
  name: 'setup-mcp',
  summary: 'register the MCP server with coding CLIs and editors',
  options: {
    'tool': {
      type: 'string',
      multiple: true,
      value: 'NAME',
      text: `only this one: ${mcpClients.map(({ id }) => id).join(', ')}`,
    },
    'remove': { type: 'boolean', text: 'take it out again' },
    'dry-run': { type: 'boolean', text: 'say what would be done and do nothing' },
  },
  details:
    'Files are edited in place with their comments kept; what they were is beside them as `.before-muster`. Programs that are not installed are left out. Exit status 1 when one failed.',
  async run(context, args) {
    const { env, stateDir, signal, out, json } = context;
    const asked = args.list('tool');
    const unknown = asked.find(name => !mcpClients.some(({ id }) => id === name));
    if (unknown !== undefined) {
      throw usageError(
        `--tool takes one of ${mcpClients.map(({ id }) => id).join(', ')}, not ${JSON.stringify(unknown)}.`,
      );
    }
    const dryRun = args.flag('dry-run');
    const launcher = dryRun ? join(stateDir, 'bin', 'muster') : await installOwnLauncher(context);
    const options = { home: requireHome(env), env, launcher, remove: args.flag('remove'), dryRun, signal };
    const chosen = mcpClients.filter(({ id }) => asked.length === 0 || asked.includes(id));
    const done = [];
    // One after the other: two of them may keep their lists in the same place.
    for (const client of chosen) done.push(await register(client, options));
    if (json) {
      out.json({
        dry_run: dryRun,
        tools: done.map(({ client, outcome, detail }) => ({ tool: client.id, outcome, detail })),
      });
    } else {
      printRows(out, [
        ['TOOL', dryRun ? 'WOULD BE' : 'OUTCOME', 'WHERE OR WHY'],
        ...done.map(({ client, outcome, detail }) => [client.title, outcome, oneLine(detail)]),
      ]);
    }
    return done.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
  },
});
