import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { installOwnLauncher } from '../connection/ownLauncher.js';
import { defineCommand, type CommandContext } from '../command.js';
import { repositoryOf } from './init.js';
import {
  checkClis,
  checkCompose,
  checkDocker,
  checkGit,
  checkHost,
  checkImages,
  checkMachines,
  checkState,
  type Check,
} from '../doctor/checks.js';
import { pingClis } from '../doctor/pingClis.js';
import { mcpClients } from '../mcpClients/mcpClient.js';
import { register } from '../mcpClients/registration.js';
import { oneLine } from '../output/terminalText.js';
import { requireHome } from '../../node/requireHome.js';

const marks = { ok: '✓', warn: '!', fail: '✗' } as const;

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'look whether everything is there that agents need',
  options: {
    fix: {
      type: 'boolean',
      text: 'mend what can be mended: who may read the state directory, the MCP server’s registration',
    },
    ping: { type: 'boolean', text: 'ask each coding CLI for one word, which costs some tokens' },
  },
  details:
    'Without --ping nothing is started and no token is spent. A login is looked for where the CLIs leave it; one that they keep elsewhere (a key chain) is ' +
    'not seen. Exit status 1 when something fails; warnings are none.',
  async run(context, args) {
    const { out, json } = context;
    if (args.flag('fix')) await mend(context);
    const found = await look(context);
    const checks = args.flag('ping') ? [...found, ...(await pingClis(context.env, context.signal))] : found;
    if (json) out.json({ ok: checks.every(({ status }) => status !== 'fail'), checks });
    else
      for (const { name, status, detail, fix } of checks) {
        out.line(`${marks[status]} ${oneLine(name)}: ${oneLine(detail)}`);
        if (fix !== undefined && status !== 'ok') out.line(`    ${oneLine(fix)}`);
      }
    return checks.some(({ status }) => status === 'fail') ? 1 : 0;
  },
});

async function look(context: CommandContext): Promise<readonly Check[]> {
  const [git, compose, state, host, images, machines, mcp, docker] = await Promise.all([
    checkGit(context),
    checkCompose(context),
    checkState(context),
    checkHost(context),
    checkImages(context),
    checkMachines(context),
    checkRegistrations(context),
    checkDocker(context),
  ]);
  const containers = [docker, ...images, ...machines];
  return [git, repository(context), ...compose, ...checkClis(context), ...host, ...state, ...mcp, ...containers];
}

function repository({ directory }: CommandContext): Check {
  const found = repositoryOf(directory);
  return found === undefined
    ? {
        name: 'repository',
        status: 'warn',
        detail: `${directory} is in no git repository`,
        fix: '`git init` and a first commit.',
      }
    : { name: 'repository', status: 'ok', detail: found };
}

async function checkRegistrations(context: CommandContext): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const client of mcpClients) {
    const { outcome, detail } = await register(client, registration(context, true));
    const name = `MCP in ${client.title}`;
    if (outcome === 'absent') continue;
    if (outcome === 'unchanged') checks.push({ name, status: 'ok', detail });
    else
      checks.push({
        name,
        status: 'warn',
        detail: outcome === 'failed' ? detail : 'not registered',
        fix: 'muster setup-mcp',
      });
  }
  return checks;
}

async function mend(context: CommandContext): Promise<void> {
  await installOwnLauncher(context);
  await chmod(context.stateDir, 0o700);
  // One after the other: two of them may keep their lists in the same place.
  for (const client of mcpClients) await register(client, registration(context, false));
}

function registration({ env, stateDir, signal }: CommandContext, dryRun: boolean) {
  const launcher = join(stateDir, 'bin', 'muster');
  return { home: requireHome(env), env, launcher, remove: false, dryRun, signal };
}
