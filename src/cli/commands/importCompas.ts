import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { importCompas as convert, type ImportedFile } from '../../compose/import/compas.js';
import { systemCode } from '../../node/systemError.js';
import { defineCommand, type CommandContext } from '../command.js';
import { usageError } from '../options/usageError.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { requireHome } from '../../node/requireHome.js';

export const importCompas = defineCommand({
  name: 'import compas',
  summary: 'make a compose file of a compas configuration',
  positionals: [{ name: 'config.yaml', required: false }],
  options: {
    output: { type: 'string', value: 'FILE', text: 'where to write it (default: agent-compose.yml here; - prints it)' },
    force: { type: 'boolean', text: 'replace a file that is there' },
  },
  details:
    'Without a file, ~/.compas/config.yaml is read. What became of each of its fields is told; nothing of compas is changed. Exit status 2 when the ' +
    'file cannot be read or one is there already.',
  async run(context, args) {
    const source = args.positionals[0] ?? join(requireHome(context.env), '.compas', 'config.yaml');
    const path = resolve(context.directory, source);
    const imported = read(context, path);
    const output = args.text('output') ?? 'agent-compose.yml';
    const target = output === '-' ? undefined : resolve(context.directory, output);
    if (target !== undefined) await write(target, imported.text, args.flag('force'));
    report(context, imported, target);
    return 0;
  },
});

function read({ directory, env }: CommandContext, path: string): ImportedFile {
  const readFile = (file: string): string | undefined => {
    try {
      return readFileSync(resolve(dirname(path), file.replace(/^~(?=\/)/, requireHome(env))), 'utf8');
    } catch {
      // The report names the file that could not be read.
      return undefined;
    }
  };
  const name =
    basename(directory)
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, '-') || 'project';
  try {
    return convert({ text: readFileSync(path, 'utf8'), name, readFile });
  } catch (error) {
    throw usageError(`${path} could not be read: ${errorMessage(error)}`);
  }
}

async function write(target: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(target, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw usageError(`${target} is there already; --force replaces it.`);
    throw error;
  }
}

function report(
  { out, json, directory }: CommandContext,
  { text, report: lines, workdir }: ImportedFile,
  target: string | undefined,
): void {
  if (json) {
    out.json({ file: target ?? null, text, fields: lines });
    return;
  }
  if (target === undefined) {
    out.line(text.trimEnd());
    return;
  }
  printRows(out, [
    ['FIELD', '', 'WHERE IT IS NOW, OR WHY NOT'],
    ...lines.map(({ field, outcome, note }) => [oneLine(field), outcome, oneLine(note)]),
  ]);
  out.line(`Written to ${oneLine(target)}; \`muster config\` checks it, \`muster up\` applies it.`);
  if (workdir !== '' && resolve(workdir) !== directory)
    out.note(`The tasks of that file are about ${oneLine(workdir)}: the compose file belongs there.`);
}
