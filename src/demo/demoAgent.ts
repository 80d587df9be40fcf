import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/**
 * The program behind the `demo` provider. It asks no model: it adds the task to one file and says so, or as a reviewer says
 * what it was told to, in the events that Muster reads, one JSON object per line, slowly enough to be seen working. Its
 * options are in docs/demo.md.
 */

interface DemoOptions {
  readonly file: string;
  readonly seconds: number;
  readonly fail: boolean;
  readonly verdict: string;
  readonly conversation: string;
}

const defaultFile = 'MUSTER_DEMO.md';
/** Pauses between what it says; their sum is `--seconds`. */
const pauses = 5;
const longestQuote = 2_000;
const verdicts = ['approve', 'request changes', 'comment'];

function readOptions(): DemoOptions {
  const { values } = parseArgs({
    options: {
      file: { type: 'string', default: defaultFile },
      seconds: { type: 'string', default: '1.5' },
      fail: { type: 'boolean', default: false },
      verdict: { type: 'string', default: 'approve' },
      conversation: { type: 'string' },
    },
  });
  const seconds = Number(values.seconds);
  if (!Number.isFinite(seconds) || seconds < 0) throw new Error(`--seconds ${values.seconds}: not a number of seconds`);
  const { file, fail, verdict, conversation = randomUUID() } = values;
  if (!verdicts.includes(verdict)) throw new Error(`--verdict ${verdict}: not one of ${verdicts.join(', ')}`);
  return { file, seconds, fail, verdict, conversation };
}

function say(event: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** The file as a path inside the working directory; anywhere else is refused. */
function insideWorkspace(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  if (path === '' || path.startsWith('..') || isAbsolute(path)) {
    throw new Error(`--file ${file}: not a file inside the workspace`);
  }
  return path;
}

async function run(): Promise<void> {
  const options = readOptions();
  const path = insideWorkspace(options.file);
  const task = (await readAll(process.stdin)).trim();
  const pause = (): Promise<void> => sleep((options.seconds * 1000) / pauses);

  say({ kind: 'conversation', id: options.conversation });
  if (isReview(task)) return await review(options, pause);
  say({ kind: 'text', text: `This is a demonstration. No model is asked: I only add your task to ${path}.` });
  await pause();

  say({ kind: 'tool_call', callId: 'list', tool: 'list', title: '.', input: '{"path":"."}' });
  await pause();
  const names = (await readdir('.')).filter(name => name !== '.git');
  say({ kind: 'tool_result', callId: 'list', ok: true, output: names.slice(0, 100).join('\n') });
  await pause();

  // Mostly it is not there yet.
  const before = await readFile(path, 'utf8').catch(() => undefined);
  const after = before === undefined ? firstText(task) : `${before.trimEnd()}\n\n${entry(task)}`;
  say({ kind: 'tool_call', callId: 'write', tool: 'write', title: path, path, input: entry(task) });
  await pause();
  if (options.fail) {
    say({ kind: 'tool_result', callId: 'write', ok: false, output: 'Not written, because --fail was given.' });
    say({ kind: 'error', message: 'The demonstration failed as asked with --fail; nothing was changed' });
    process.exitCode = 1;
    return;
  }
  await writeFile(path, after);
  say({ kind: 'tool_result', callId: 'write', ok: true, output: before === undefined ? 'Created.' : 'Added.' });
  await pause();

  const done = before === undefined ? `I created ${path} with your task in it.` : `I added your task to ${path}.`;
  say({ kind: 'result', text: `${done} This was a demonstration: no model was asked and nothing else was changed.` });
}

/** Whoever asks for a review asks for its verdict on a line of its own. */
function isReview(task: string): boolean {
  return verdicts.every(verdict => task.split(/\r?\n/).includes(`VERDICT: ${verdict}`));
}

async function review({ verdict }: DemoOptions, pause: () => Promise<void>): Promise<void> {
  say({
    kind: 'text',
    text: 'This is a demonstration. No model is asked: I look at nothing, and say what I was told to say.',
  });
  for (let waited = 0; waited < pauses; waited++) await pause();
  say({ kind: 'result', text: `Nobody has looked at these changes: this was a demonstration.\nVERDICT: ${verdict}` });
}

function firstText(task: string): string {
  return `# Muster demonstration

The demo agent wrote this file. No model was asked: it shows how a change goes from a task to a merge.

${entry(task)}`;
}

function entry(task: string): string {
  const shown = task.length > longestQuote ? `${task.slice(0, longestQuote)}…` : task;
  const quoted = shown
    .split(/\r?\n/)
    .map(line => `> ${line}`.trimEnd())
    .join('\n');
  return `Task:\n\n${quoted}\n`;
}

run().catch((error: unknown) => {
  say({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
});
