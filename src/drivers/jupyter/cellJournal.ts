import { watch } from 'node:fs';
import { readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '../../base/defined.js';
import { fieldOf, numberField, textField } from '../../base/unknownFields.js';
import type { RecordedCell } from '../../core/notebooks/notebookServerDriver.js';
import { openForeignFile, readForeignFile } from '../../node/foreignFile.js';
import { systemCode } from '../../node/systemError.js';
import { jsonValue } from '../../base/jsonObject.js';

/** `<milliseconds>.<message>.jsonl`; by name is by time. */
const cellFile = /^\d{15}\.([A-Za-z0-9_-]{1,100})\.jsonl$/;
/** A listing shows the beginning of what a cell said. */
const listedBytes = 128 * 1024;
const listedText = 2_000;
const sliceBytes = 256 * 1024;
/** Notifications get lost; this is how late a line is then seen. */
const lookAgainMs = 500;

/** The latest executions, oldest first. */
export async function readCells(folder: string, limit: number): Promise<readonly RecordedCell[]> {
  const names = (await namesIn(folder)).slice(-limit);
  const cells: RecordedCell[] = [];
  for (const name of names) {
    const found = await readForeignFile(join(folder, name), { maxBytes: listedBytes });
    const message = cellFile.exec(name)?.[1];
    if (found.kind !== 'file' || message === undefined) continue;
    // A last line that is not whole is about to be written, or lies behind the bound.
    const lines = found.bytes.toString('utf8').split('\n').slice(0, -1);
    const end = found.truncated ? await lastLine(join(folder, name)) : undefined;
    cells.push(summarize(message, [...lines, ...(end === undefined ? [] : [end])]));
  }
  return cells;
}

/** Whether a kernel has said anything of an execution. */
export async function hasCell(folder: string, message: string): Promise<boolean> {
  return (await namesIn(folder)).some(name => cellFile.exec(name)?.[1] === message);
}

/** Lines of one execution, those that are there and those that come, until it has ended. */
export async function* followCell(
  { folder, message }: { readonly folder: string; readonly message: string },
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const waker = watchFolder(folder);
  try {
    let name: string | undefined;
    while ((name = (await namesIn(folder)).find(each => cellFile.exec(each)?.[1] === message)) === undefined)
      await waker.next(signal);
    const opened = await openForeignFile(join(folder, name));
    if (opened.kind !== 'file') return;
    try {
      yield* followFile(opened.file, async () => await waker.next(signal));
    } finally {
      await opened.file.close();
    }
  } finally {
    waker.close();
  }
}

async function* followFile(file: FileHandle, wait: () => Promise<void>): AsyncGenerator<readonly string[]> {
  const slice = Buffer.alloc(sliceBytes);
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(slice, 0, slice.length, position);
    if (bytesRead === 0) {
      await wait();
      continue;
    }
    position += bytesRead;
    const bytes = Buffer.concat([rest, slice.subarray(0, bytesRead)]);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(whole);
    if (whole === 0) continue;
    const lines = bytes.toString('utf8', 0, whole - 1).split('\n');
    yield lines;
    if (lines.some(isEnd)) return;
  }
}

function isEnd(line: string): boolean {
  if (!line.startsWith('{"type": "status"')) return false;
  const said = jsonValue(line);
  return textField(fieldOf(said, 'content'), 'execution_state') === 'idle';
}

interface Waker {
  /** Resolves after something changed, or a while later. */
  readonly next: (signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
}

function watchFolder(folder: string): Waker {
  let wake = Promise.withResolvers<void>();
  let changed = false;
  const notify = (): void => {
    changed = true;
    wake.resolve();
  };
  const watcher = (() => {
    try {
      const made = watch(folder, notify);
      made.on('error', () => made.close());
      return made;
    } catch {
      // The timer looks all the same.
      return undefined;
    }
  })();
  return {
    async next(signal) {
      signal.throwIfAborted();
      if (!changed) {
        wake = Promise.withResolvers<void>();
        const timer = setTimeout(() => wake.resolve(), lookAgainMs);
        const abort = (): void => wake.resolve();
        signal.addEventListener('abort', abort, { once: true });
        try {
          await wake.promise;
        } finally {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
        }
        signal.throwIfAborted();
      }
      changed = false;
    },
    close: () => watcher?.close(),
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter(name => cellFile.test(name)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Of a long file: whether the cell has ended stands there. */
async function lastLine(path: string): Promise<string | undefined> {
  const opened = await openForeignFile(path);
  if (opened.kind !== 'file') return undefined;
  try {
    const bytes = Buffer.alloc(4096);
    const { bytesRead } = await opened.file.read(bytes, 0, bytes.length, Math.max(0, opened.stats.size - bytes.length));
    return bytes.toString('utf8', 0, bytesRead).trimEnd().split('\n').at(-1);
  } finally {
    await opened.file.close();
  }
}

function summarize(message: string, lines: readonly string[]): RecordedCell {
  const said = lines.map(jsonValue);
  const head = said[0];
  const input = said.find(each => textField(each, 'type') === 'execute_input');
  const error = said.find(each => textField(each, 'type') === 'error');
  const end = said.findLast(
    each => textField(each, 'type') === 'status' && textField(fieldOf(each, 'content'), 'execution_state') === 'idle',
  );
  const count = numberField(fieldOf(input, 'content'), 'execution_count');
  const text = said.map(shownText).join('');
  return {
    message,
    kernel: textField(head, 'kernel'),
    source: textField(fieldOf(input, 'content'), 'code'),
    startedAt: numberField(head, 'at') ?? 0,
    text: text.length > listedText ? `${text.slice(0, listedText)}…` : text,
    outputs: said.flatMap(kindsOf),
    ...defined({
      count,
      endedAt: end === undefined ? undefined : numberField(end, 'at'),
      error: error === undefined ? undefined : textField(fieldOf(error, 'content'), 'ename'),
    }),
  };
}

/** What of a message people would read as text. */
function shownText(said: unknown): string {
  const content = fieldOf(said, 'content');
  switch (textField(said, 'type')) {
    case 'stream':
      return textField(content, 'text');
    case 'execute_result':
    case 'display_data':
      return `${textField(fieldOf(content, 'data'), 'text/plain')}\n`;
    case 'error':
      return `${textField(content, 'ename')}: ${textField(content, 'evalue')}\n`;
    default:
      return '';
  }
}

function kindsOf(said: unknown): readonly string[] {
  const type = textField(said, 'type');
  if (type !== 'execute_result' && type !== 'display_data') return [];
  const data = fieldOf(fieldOf(said, 'content'), 'data');
  return typeof data === 'object' && data !== null ? Object.keys(data).slice(0, 20) : [];
}
