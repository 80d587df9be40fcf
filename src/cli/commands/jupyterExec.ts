import { Console } from 'node:console';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { GuestKernel, KernelSaying } from '../../client/notebooks/guestKernel.js';
import { GuestServer } from '../../client/notebooks/guestServer.js';
import { defineCommand, type CommandContext } from '../command.js';
import { readPrompt } from '../options/prompt.js';
import { resultEndings } from '../../base/resultEndings.js';
import { fieldOf } from '../../base/unknownFields.js';

/** Without `--notebook`: one kernel for all that is executed from the command line, so that names stay. */
const consolePath = 'muster-exec';
interface Shown {
  readonly type: string;
  readonly kinds: readonly string[];
  readonly text: string;
  readonly file: string | null;
}

export const jupyterExec = defineCommand({
  name: 'jupyter exec',
  summary: 'execute code in a kernel of a thread',
  positionals: [
    { name: 'thread', required: true },
    { name: 'code…', required: false },
  ],
  options: {
    notebook: { type: 'string', value: 'PATH', text: 'in the kernel of this notebook of the worktree' },
    kernel: { type: 'string', value: 'NAME', text: 'kernel specification of a kernel that is not there yet' },
    outputs: { type: 'string', value: 'DIR', text: 'write images and other results that are no text into this folder' },
  },
  details:
    'As in `muster jupyter exec 9n4t < analysis.py`. Names stay from one call to the next. The exit status is 1 when the code raised an exception.',
  async run(context, args) {
    silenceConsole();
    const words = args.positionals.slice(1);
    const code = await readPrompt({ words, file: undefined }, context);
    const kernel = await openKernel(context, {
      thread: args.required(0),
      notebook: args.text('notebook'),
      spec: args.text('kernel'),
    });
    try {
      return await execute(context, { kernel, code, folder: args.text('outputs') });
    } finally {
      kernel.dispose();
    }
  },
});

/** Jupyter's client library tells the console of every connection; standard output is for results. */
function silenceConsole(): void {
  globalThis.console = new Console(new Writable({ write: (_chunk, _encoding, done) => done() }));
}

async function openKernel(
  context: CommandContext,
  options: { readonly thread: string; readonly notebook: string | undefined; readonly spec: string | undefined },
): Promise<GuestKernel> {
  const client = await context.connect();
  const { server } = await client.notebooks.startNotebookServer(
    { threadId: options.thread, environment: collectProviderEnvironment(context.env) },
    { signal: context.signal },
  );
  const { socket, token } = client.endpoint;
  const guest = new GuestServer({ socket, token, runId: context.env['MUSTER_RUN_ID'] }, server?.path ?? '');
  const specs = await guest.kernelSpecs();
  const kernel = options.spec ?? specs.find(({ isDefault }) => isDefault)?.name ?? specs[0]?.name ?? 'python3';
  return await guest.kernelOf(options.notebook ?? consolePath, { kernel });
}

async function execute(
  context: CommandContext,
  {
    kernel,
    code,
    folder,
  }: { readonly kernel: GuestKernel; readonly code: string; readonly folder: string | undefined },
): Promise<number> {
  const { out, json, signal } = context;
  const said: KernelSaying[] = [];
  const execution = kernel.execute(code, {
    onSaying: saying => {
      said.push(saying);
      if (!json) print(context, saying);
    },
  });
  // A kernel that cannot be interrupted has ended or will be told again by the second Ctrl+C.
  const interrupt = (): void => void kernel.interrupt().catch(() => undefined);
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    const { kind } = await execution.end;
    signal.throwIfAborted();
    const shown = await keepResults(said, folder === undefined ? undefined : resolve(context.directory, folder));
    const failed = kind !== 'ok' || said.some(({ type }) => type === 'error');
    if (json) {
      const count = said.find(({ type }) => type === 'execute_input')?.content['execution_count'];
      out.json({
        message_id: execution.messageId,
        kernel_id: kernel.id,
        status: failed ? (kind === 'ok' ? 'error' : kind) : 'ok',
        execution_count: typeof count === 'number' ? count : null,
        outputs: shown,
      });
    } else for (const { file } of shown) if (file !== null) out.note(`Written: ${file}`);
    return failed ? 1 : 0;
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

function print({ out }: CommandContext, saying: KernelSaying): void {
  // Kernels colour their errors for the notebook that they think they are in.
  const text = out.width === undefined ? stripVTControlCharacters(textOf(saying)) : textOf(saying);
  if (saying.type === 'error' || saying.content['name'] === 'stderr') out.rawNote(text);
  else if (text !== '') out.raw(text);
}

/** What people read of it. */
function textOf({ type, content }: KernelSaying): string {
  const plain = fieldOf(content['data'], 'text/plain');
  switch (type) {
    case 'stream':
      return typeof content['text'] === 'string' ? content['text'] : '';
    case 'execute_result':
    case 'display_data':
      return typeof plain === 'string' ? `${plain}\n` : '';
    case 'error': {
      const lines = Array.isArray(content['traceback']) ? content['traceback'] : [];
      return `${lines.map(String).join('\n')}\n`;
    }
    default:
      return '';
  }
}

async function keepResults(said: readonly KernelSaying[], folder: string | undefined): Promise<readonly Shown[]> {
  const shown: Shown[] = [];
  for (const saying of said) {
    if (!['stream', 'execute_result', 'display_data', 'error'].includes(saying.type)) continue;
    const data = saying.content['data'];
    const results = typeof data === 'object' && data !== null ? Object.entries(data) : [];
    const file = folder === undefined ? null : await writeResult(results, { folder, number: shown.length + 1 });
    shown.push({ type: saying.type, kinds: results.map(([kind]) => kind), text: textOf(saying), file });
  }
  return shown;
}

async function writeResult(
  results: readonly (readonly [string, unknown])[],
  { folder, number }: { readonly folder: string; readonly number: number },
): Promise<string | null> {
  for (const [kind, ending] of resultEndings) {
    const value = results.find(([found]) => found === kind)?.[1];
    if (typeof value !== 'string') continue;
    await mkdir(folder, { recursive: true });
    const file = join(folder, `output-${number}.${ending}`);
    const isText = kind === 'image/svg+xml' || kind === 'text/html' || kind === 'application/json';
    await writeFile(file, isText ? value : Buffer.from(value, 'base64'));
    return file;
  }
  return null;
}
