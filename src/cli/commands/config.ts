import { dirname, join } from 'node:path';
import { canonicalJson, canonicalYaml } from '../../compose/output/canonicalText.js';
import { eraText } from '../../compose/output/era/eraText.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import { defineCommand, type CommandContext } from '../command.js';
import { checkComposeFile, invalidCompose, readSource, unreadable, type LocalCheck } from '../lookup/composeFile.js';
import { findComposeFile } from '../lookup/findComposeFile.js';
import type { Compat } from '../options/globalOptions.js';
import { oneLine } from '../output/terminalText.js';

export const config = defineCommand({
  name: 'config',
  summary: 'check the compose file and print its normal form',
  options: { quiet: { type: 'boolean', short: 'q', text: 'print nothing; the exit status says whether it is valid' } },
  details: 'It needs no host. Secrets are shown as ********, other values resolved.',
  async run(context, args) {
    const { out, env, directory, projectName, compat } = context;
    const file = await findComposeFile(directory, context.file);
    const check = await checkComposeFile({ file, env, directory, projectName, compat });
    if (!check.spec) throw invalidCompose(file, check.errors);
    if (args.flag('quiet')) return 0;
    for (const warning of check.warnings) out.note(`warning: ${oneLine(warning)}`);
    out.raw(compat === undefined ? ownText(context, check.spec) : await eraOf(context, compat, file, check));
    return 0;
  },
});

function ownText({ json }: CommandContext, spec: ProjectSpec): string {
  return json ? `${canonicalJson(spec, { redacted: true })}\n` : canonicalYaml(spec, { redacted: true });
}

/** Exactly what that era prints; what it does not know is said on standard error. */
async function eraOf(
  { json, out }: CommandContext,
  era: Compat,
  file: string,
  { source, spec, options }: LocalCheck,
): Promise<string> {
  const folder = dirname(file);
  const scripts = era === 'head' ? await readScripts(folder, spec) : undefined;
  const printed = eraText(source, { ...options, era, folder, format: json ? 'json' : 'yaml', scripts });
  if (printed.leftOut.length > 0)
    out.note(`warning: not part of agent-compose (${era}) and left out: ${oneLine(printed.leftOut.join(', '))}`);
  return json ? `${printed.text}\n` : printed.text;
}

/** Script files of the project; an empty one and one that cannot be read are errors there, too. Throws `compose.unreadable`. */
async function readScripts(folder: string, spec: ProjectSpec | undefined): Promise<ReadonlyMap<string, string>> {
  const sources = spec?.agents.map(agent => agent.scheduler?.script) ?? [];
  const paths = sources.flatMap(script => (script?.provider === 'file' ? [script.path] : []));
  const scripts = new Map<string, string>();
  for (const path of new Set(paths)) {
    const text = (await readSource(join(folder, path))).trim();
    if (text === '') throw unreadable(join(folder, path), 'it is empty');
    scripts.set(path, text);
  }
  return scripts;
}
