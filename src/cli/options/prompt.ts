import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { AppError, errorMessage, isAnyAppError } from '../../base/errors.js';
import type { CommandContext } from '../command.js';
import { usageError } from './usageError.js';

/** As much as the host takes. */
const maximumBytes = 4 * 1024 * 1024;

/**
 * The task: the words of the command line, a file, or standard input when it is piped or named by `-`. Throws `usage` when there
 * is none, `prompt.invalid` when it is empty, too long or not text.
 */
export async function readPrompt(
  { words, file }: { readonly words: readonly string[]; readonly file: string | undefined },
  { stdin, directory, signal }: Pick<CommandContext, 'stdin' | 'directory' | 'signal'>,
): Promise<string> {
  if (file !== undefined && words.length > 0)
    throw usageError('Give the task as words or with --prompt-file, not both.');
  if (file === '-' || (words.length === 1 && words[0] === '-')) return readAll(stdin, 'standard input', signal);
  if (file !== undefined) return readAll(createReadStream(resolve(directory, file)), file, signal);
  if (words.length > 0) return checkText(words.join(' '), 'The task');
  if (stdin.isTTY) throw usageError('There is no task: give it as words, with --prompt-file FILE, or pipe it in.');
  return readAll(stdin, 'standard input', signal);
}

async function readAll(stream: AsyncIterable<unknown>, name: string, signal: AbortSignal): Promise<string> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(new AppError('cancelled', 'Reading the task was cancelled.', {}));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([collect(stream, name), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function collect(stream: AsyncIterable<unknown>, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      bytes += buffer.length;
      if (bytes > maximumBytes) throw invalid(`The task in ${name} is longer than ${maximumBytes} bytes.`);
      chunks.push(buffer);
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return checkText(text, `The task in ${name}`);
  } catch (error) {
    if (isAnyAppError(error)) throw error;
    throw invalid(`The task in ${name} cannot be read: ${errorMessage(error)}.`);
  }
}

function checkText(text: string, what: string): string {
  if (text.trim() === '') throw invalid(`${what} is empty.`);
  if (text.includes('\0')) throw invalid(`${what} is not text.`);
  return text;
}

function invalid(reason: string): AppError<'prompt.invalid'> {
  return new AppError('prompt.invalid', reason, { reason });
}
