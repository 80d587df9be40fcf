import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import { defineCommand, type CommandContext } from '../command.js';
import { findProject } from '../lookup/projectLookup.js';
import { usageError } from '../options/usageError.js';
import { printRows } from '../output/projectReport.js';

export const batch = defineCommand({
  name: 'batch',
  summary: 'give several tasks at once; without arguments, list batches',
  positionals: [
    { name: 'name', required: false },
    { name: 'tasks', required: false },
  ],
  details:
    'The tasks are a JSON file (- is standard input): a list of {"key", "agent", "prompt", "summary"?, "base"?, "depends_on"?: [keys]}. A task ' +
    'starts when those that it depends on are merged or closed as completed. None is given when one could not be; the same batch again ' +
    'gives what is missing and nothing twice.',
  async run(context, args) {
    const [name, file] = args.positionals;
    if (name === undefined) return await list(context);
    if (file === undefined)
      throw usageError('`muster batch NAME` needs a file of tasks; `muster batch status NAME` shows them.');
    const tasks = readTasks(await readText(context, file), file);
    const project = await findProject(context);
    const client = await context.connect();
    const request = {
      batch: name,
      project: project?.id ?? '',
      folder: project ? '' : context.directory,
      tasks,
      environment: collectDispatchEnvironment(context.env, project),
    };
    const { threads } = await client.threads.createBatch(request, { signal: context.signal });
    if (context.json) {
      const made = threads.map(({ key, threadId, runId }) => ({ key, thread_id: threadId, run_id: runId }));
      context.out.json({ batch: name, threads: made });
    } else for (const { key, threadId } of threads) context.out.line(`${threadId} ${key}`);
    return 0;
  },
});

async function list({ repeatable, out, json, signal }: CommandContext): Promise<number> {
  const { batches } = await repeatable(({ threads }) => threads.listBatches({}, { signal }));
  if (json) out.json({ batches });
  else
    printRows(
      out,
      batches.map(name => [name]),
    );
  return 0;
}

async function readText({ stdin, directory }: CommandContext, file: string): Promise<string> {
  if (file !== '-') {
    return await readFile(resolve(directory, file), 'utf8').catch((error: unknown) => {
      throw usageError(`${file} could not be read: ${errorMessage(error)}.`);
    });
  }
  let text = '';
  for await (const part of stdin.setEncoding('utf8')) text += String(part);
  return text;
}

function readTasks(text: string, file: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usageError(`${file} is not JSON: ${errorMessage(error)}.`);
  }
  if (!Array.isArray(value)) throw usageError(`${file} is not a list of tasks.`);
  return value.map((task: unknown, index) => readTask(task, `${file}, task ${index + 1}`));
}

function readTask(task: unknown, where: string) {
  const fields = new Map<string, unknown>(typeof task === 'object' && task !== null ? Object.entries(task) : []);
  const text = (name: string): string => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  for (const name of ['key', 'agent', 'prompt'])
    if (text(name) === '') throw usageError(`${where}: "${name}" is missing.`);
  const known = ['key', 'agent', 'prompt', 'summary', 'base', 'depends_on'];
  const unknown = [...fields.keys()].find(name => !known.includes(name));
  if (unknown !== undefined) throw usageError(`${where}: ${JSON.stringify(unknown)} is none of ${known.join(', ')}.`);
  const before = fields.get('depends_on') ?? [];
  if (!Array.isArray(before) || before.some(each => typeof each !== 'string'))
    throw usageError(`${where}: "depends_on" is not a list of keys.`);
  return {
    key: text('key'),
    agent: text('agent'),
    prompt: text('prompt'),
    summary: text('summary'),
    base: text('base'),
    dependsOn: before.map(String),
  };
}
