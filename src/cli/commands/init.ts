import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { AppError } from '../../base/errors.js';
import { systemCode } from '../../node/systemError.js';
import { defineCommand, type CommandContext } from '../command.js';
import { findAgentClis, type AgentCli } from '../doctor/agentClis.js';
import { usageError } from '../options/usageError.js';
import { oneLine } from '../output/terminalText.js';

const fileName = 'agent-compose.yml';

export const init = defineCommand({
  name: 'init',
  summary: 'write a first compose file',
  options: {
    'agent': { type: 'string', value: 'NAME', text: 'name of the agent (default: dev)' },
    'provider': {
      type: 'string',
      value: 'NAME',
      text: 'claude, codex, gemini, opencode or demo (default: the first that is installed)',
    },
    'model': { type: 'string', value: 'NAME', text: 'its model (default: the provider’s own)' },
    'minimal': { type: 'boolean', text: 'without comments' },
    'non-interactive': { type: 'boolean', text: 'ask nothing' },
    'force': { type: 'boolean', text: 'replace a file that is there' },
  },
  details:
    'It is written into this folder and never over a file that is there, unless you say --force. On a terminal you are asked which of the ' +
    'installed agents you want; otherwise the first is taken, and `demo` where there is none.',
  async run(context, args) {
    const { directory, env, out, json } = context;
    const path = join(directory, fileName);
    const force = args.flag('force');
    if (!force && existsSync(path)) throw alreadyThere(path);
    const installed = findAgentClis(env).filter(({ path: found }) => found !== undefined);
    const asks = !args.flag('non-interactive') && args.text('provider') === undefined;
    const provider = args.text('provider') ?? (await chooseProvider(context, installed, asks));
    const agent = readAgentName(args.text('agent') ?? 'dev');
    const text = composeText({
      name: projectName(directory),
      agent,
      provider,
      model: args.text('model'),
      minimal: args.flag('minimal'),
    });
    await write(path, text, force);
    const repository = repositoryOf(directory);
    if (json) out.json({ file: path, agent, provider, repository: repository ?? null });
    else {
      out.line(`${oneLine(path)} has the agent ${agent} (${provider}).`);
      if (repository === undefined)
        out.note('This folder is in no git repository; agents need one: `git init` and a first commit.');
      out.line(`Next: \`muster up\`, then \`muster dispatch ${agent} "…"\`.`);
    }
    return 0;
  },
});

async function chooseProvider(
  { stdin, json, signal }: CommandContext,
  installed: readonly AgentCli[],
  asks: boolean,
): Promise<string> {
  const [first, ...others] = installed;
  if (!first) return 'demo';
  if (!asks || others.length === 0 || json || !stdin.isTTY || !process.stderr.isTTY) return first.provider;
  const reader = createInterface({ input: stdin, output: process.stderr });
  try {
    const names = installed.map(({ provider }) => provider);
    const answer = (await reader.question(`Which agent? ${names.join(', ')} [${first.provider}] `, { signal })).trim();
    if (answer === '') return first.provider;
    if (names.includes(answer)) return answer;
    throw usageError(`${JSON.stringify(answer)} is none of ${names.join(', ')}.`);
  } finally {
    reader.close();
  }
}

function readAgentName(name: string): string {
  if (/^[a-z0-9][a-z0-9_-]*$/i.test(name)) return name;
  throw usageError(`--agent takes letters, digits, - and _, not ${JSON.stringify(name)}.`);
}

/** A name that every YAML reader and every branch name takes. */
function projectName(directory: string): string {
  const plain = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '');
  return plain === '' ? 'project' : plain;
}

function composeText(wanted: {
  readonly name: string;
  readonly agent: string;
  readonly provider: string;
  readonly model: string | undefined;
  readonly minimal: boolean;
}): string {
  const { name, agent, provider, model, minimal } = wanted;
  const lines = [
    `name: ${name}`,
    'agents:',
    `  ${agent}:`,
    `    provider: ${JSON.stringify(provider)}`,
    ...(model === undefined ? [] : [`    model: ${JSON.stringify(model)}`]),
  ];
  if (minimal) return `${lines.join('\n')}\n`;
  return `# The agents of this repository. \`muster up\` applies this file, \`muster config\` checks it.
${lines.join('\n')}
    # What it may do without asking: confined (edits only), ask (Claude Code asks you), auto (everything; you have to agree once).
    # permissions: confined
    # Who looks at its work before you do:
    # handoff: { on_response: reviewer }
  # reviewer:
  #   provider: ${JSON.stringify(provider)}
  #   workspace: { provider: thread, access: read }
# What must succeed on the merged result before it lands:
# merge: { verify: [npm test] }
`;
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    // Somebody was faster.
    if (systemCode(error) === 'EEXIST') throw alreadyThere(path);
    throw error;
  }
}

function alreadyThere(path: string): AppError<'usage'> {
  return usageError(`${path} is there already. \`muster config\` checks it; --force replaces it.`);
}

/** The folder with `.git` that this one is in. */
export function repositoryOf(directory: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}
