import { watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deferred } from '../../base/async.js';
import { openForeignFile } from '../../node/foreignFile.js';
import type { SecretMask } from '../../node/secretMask.js';

/** One message of a stream: some milliseconds to read, mask and write. */
const chunkBytes = 256 * 1024;
/** Where `fs.watch` says nothing (some file systems), the file is looked at this often. */
const safetyPollMs = 1_000;

export interface RunLogRequest {
  readonly file: string;
  readonly from: number;
  /** Without `from`: only the last bytes; 0 for all. */
  readonly tailBytes: number;
  readonly follow: boolean;
  /** Also what is not yet a whole line. */
  readonly pieces?: boolean;
  /** Aborted when the writer has ended. */
  readonly ended: AbortSignal;
  readonly signal: AbortSignal;
  /** Hides what the run was given in secret; asked for when there is something to read, which is after it was given them. */
  readonly maskOf: () => SecretMask;
}

/** The bytes of a log file as they are, secrets hidden; a file that is missing or no regular one is empty. */
export async function* readRunLog(
  request: RunLogRequest,
): AsyncGenerator<{ readonly chunk: Uint8Array<ArrayBuffer>; readonly end: bigint }> {
  const { follow, pieces, ended, signal, maskOf } = request;
  let mask: SecretMask | undefined;
  let position: number | undefined;
  /** Bytes before the wanted ones, read to recognise a secret that the wanted ones begin in the middle of. */
  let ahead = 0;
  let carry: Buffer = Buffer.alloc(0);
  while (!signal.aborted) {
    const last = ended.aborted;
    const opened = await openForeignFile(request.file).catch(() => undefined);
    if (opened?.kind === 'file') {
      const { file, stats } = opened;
      mask ??= maskOf();
      try {
        if (position === undefined) {
          const start = startOf(stats.size, request);
          ahead = Math.min(start, mask.reach);
          position = start - ahead;
        }
        for (let read = await readChunk(file, position); read.length > 0; read = await readChunk(file, position)) {
          position += read.length;
          carry = Buffer.concat([carry, read]);
          const whole = carry.lastIndexOf(0x0a) + 1;
          // A line longer than a chunk is passed on in pieces rather than gathered without bound: all but what may be the
          // beginning of a secret.
          const ready = whole > 0 ? whole : carry.length > chunkBytes ? carry.length - mask.reach : 0;
          if (ready > ahead) {
            mask.hide(carry);
            yield {
              chunk: Uint8Array.from(carry.subarray(ahead, ready)),
              end: BigInt(position - (carry.length - ready)),
            };
            carry = carry.subarray(ready);
            ahead = 0;
          }
          if (!pieces || carry.length <= ahead) continue;
          // A copy: a key that looked whole may be longer yet.
          const shown = Uint8Array.from(carry);
          mask.hide(Buffer.from(shown.buffer));
          yield { chunk: shown.subarray(ahead), end: BigInt(position) };
          // As much as is kept to be seen with what follows, for nothing longer can be a secret.
          carry = carry.subarray(-mask.reach);
          ahead = carry.length;
        }
      } finally {
        await file.close();
      }
    }
    if (!follow || last) break;
    await changed(request.file, [ended, signal]);
  }
  if (carry.length <= ahead || position === undefined) return;
  mask?.hide(carry);
  yield { chunk: Uint8Array.from(carry.subarray(ahead)), end: BigInt(position) };
}

function startOf(size: number, { from, tailBytes }: RunLogRequest): number {
  return from > 0 || tailBytes === 0 ? from : Math.max(0, size - tailBytes);
}

async function readChunk(file: FileHandle, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(chunkBytes);
  const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
  return buffer.subarray(0, bytesRead);
}

/** Resolves when something in the file's directory changed, a signal aborted, or the safety poll is due. */
async function changed(file: string, signals: readonly AbortSignal[]): Promise<void> {
  const wake = deferred<void>();
  const onWake = (): void => wake.resolve();
  const timer = setTimeout(onWake, safetyPollMs);
  const watcher = watchDirectory(dirname(file), onWake);
  for (const signal of signals) {
    if (signal.aborted) onWake();
    signal.addEventListener('abort', onWake, { once: true });
  }
  try {
    await wake.promise;
  } finally {
    clearTimeout(timer);
    watcher?.close();
    for (const signal of signals) signal.removeEventListener('abort', onWake);
  }
}

/** Nothing where the system refuses a watch: the timer beside it looks all the same. */
function watchDirectory(directory: string, onChange: () => void): { close(): void } | undefined {
  try {
    return watch(directory, onChange).on('error', onChange);
  } catch {
    return undefined;
  }
}
