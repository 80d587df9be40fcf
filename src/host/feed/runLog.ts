import { watch } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deferred } from '../../base/async.js';

const chunkBytes = 256 * 1024;
/** Where `fs.watch` says nothing (some file systems), the file is looked at this often. */
const safetyPollMs = 1_000;

export interface RunLogRequest {
  readonly file: string;
  readonly from: number;
  /** Without `from`: only the last bytes; 0 for all. */
  readonly tailBytes: number;
  readonly follow: boolean;
  /** Aborted when the writer has ended. */
  readonly ended: AbortSignal;
  readonly signal: AbortSignal;
  readonly redact: (text: string) => string;
}

/** The bytes of a log file as they are, line by line through the redactor; a missing file is an empty one. */
export async function* readRunLog(
  request: RunLogRequest,
): AsyncGenerator<{ readonly chunk: Uint8Array<ArrayBuffer>; readonly end: bigint }> {
  const { follow, ended, signal } = request;
  let position: number | undefined;
  let carry: Buffer = Buffer.alloc(0);
  while (!signal.aborted) {
    const last = ended.aborted;
    const file = await open(request.file, 'r').catch(() => undefined);
    if (file) {
      try {
        position ??= await startOf(file, request);
        for (let read = await readChunk(file, position); read.length > 0; read = await readChunk(file, position)) {
          position += read.length;
          carry = Buffer.concat([carry, read]);
          const whole = carry.lastIndexOf(0x0a) + 1;
          // A line longer than a chunk is passed on in pieces rather than gathered without bound.
          const ready = whole > 0 ? whole : carry.length > chunkBytes ? carry.length : 0;
          if (ready === 0) continue;
          yield {
            chunk: redactBytes(carry.subarray(0, ready), request),
            end: BigInt(position - (carry.length - ready)),
          };
          carry = carry.subarray(ready);
        }
      } finally {
        await file.close();
      }
    }
    if (!follow || last) break;
    await changed(request.file, [ended, signal]);
  }
  if (carry.length > 0 && position !== undefined) yield { chunk: redactBytes(carry, request), end: BigInt(position) };
}

async function startOf(file: FileHandle, { from, tailBytes }: RunLogRequest): Promise<number> {
  if (from > 0 || tailBytes === 0) return from;
  const { size } = await file.stat();
  return Math.max(0, size - tailBytes);
}

async function readChunk(file: FileHandle, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(chunkBytes);
  const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
  return buffer.subarray(0, bytesRead);
}

/** Text passes the redactor; bytes that are not UTF-8 are passed on as they are. */
function redactBytes(bytes: Buffer, { redact }: RunLogRequest): Uint8Array<ArrayBuffer> {
  const text = bytes.toString('utf8');
  const redacted = redact(text);
  return redacted === text ? Uint8Array.from(bytes) : Uint8Array.from(Buffer.from(redacted));
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

function watchDirectory(directory: string, onChange: () => void): { close(): void } | undefined {
  try {
    return watch(directory, onChange).on('error', onChange);
  } catch {
    return undefined;
  }
}
