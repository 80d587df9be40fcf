import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../../base/errors.js';
import type { Printer } from '../output/printer.js';
import { usageError } from './usageError.js';

/** Far more than anybody types. */
const mostCharacters = 10_000;

/**
 * One line from the terminal, which does not show it, or from what is piped in. Throws `usage` when there is none, `cancelled`
 * when it is broken off.
 */
export async function readPassword(
  stdin: NodeJS.ReadStream,
  { question, out, signal }: { readonly question: string; readonly out: Printer; readonly signal: AbortSignal },
): Promise<string> {
  const hidden = stdin.isTTY;
  if (hidden) {
    out.note(question);
    stdin.setRawMode(true);
  }
  try {
    const line = await readLine(stdin, signal);
    if (line === '') throw usageError('There is no password: type it, or pipe it in.');
    return line;
  } finally {
    if (hidden) stdin.setRawMode(false);
    stdin.pause();
  }
}

/** Up to the first end of a line; a terminal that shows nothing sends each key, also those that take one back. */
async function readLine(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new StringDecoder('utf8');
  let text = '';
  const cancelled = (): void => reject(new AppError('cancelled', 'No password was set.', {}));
  const take = (chunk: unknown): void => {
    for (const character of Buffer.isBuffer(chunk) ? decoder.write(chunk) : String(chunk)) {
      if (character === '\n' || character === '\r') return resolve(text);
      if (character === '\u0003' || character === '\u0004') return cancelled();
      if (character === '\u007f' || character === '\b') text = text.replace(/.$/u, '');
      else if (text.length < mostCharacters) text += character;
    }
  };
  const ended = (): void => resolve(text);
  stdin.on('data', take);
  stdin.once('end', ended);
  stdin.once('error', reject);
  signal.addEventListener('abort', cancelled, { once: true });
  if (signal.aborted) cancelled();
  try {
    return await promise;
  } finally {
    stdin.off('data', take);
    stdin.off('end', ended);
    stdin.off('error', reject);
    signal.removeEventListener('abort', cancelled);
  }
}
