import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { extract } from 'tar-stream';
import type { FarContainer } from './farContainer.js';
import { FarTooLarge } from './unpackFolder.js';

/** A file in a container, which an agent may have written: of any size, or a link. */
export interface FarFile {
  readonly container: Pick<FarContainer, 'tar'>;
  /** Inside; where a link stands there is no file. */
  readonly path: string;
}

/** A small file; undefined when it is not there, or larger than that. */
export async function readFarFile(
  file: FarFile,
  { maxBytes }: { readonly maxBytes: number },
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  const isThere = await eachChunk(file, { maxBytes, take: chunk => chunks.push(chunk) });
  return isThere ? Buffer.concat(chunks) : undefined;
}

/** Adds what the container's file has more than the one here. Errors: {@link FarTooLarge}. */
export async function appendFarFile(
  file: FarFile,
  here: string,
  { mostBytes = Infinity }: { readonly mostBytes?: number | undefined } = {},
): Promise<void> {
  const target = openSync(here, 'a', 0o600);
  let taken = 0;
  try {
    let skipped = sizeOf(here);
    await eachChunk(file, {
      take: chunk => {
        taken += chunk.length;
        if (taken > mostBytes) throw new FarTooLarge(mostBytes);
        const bytes = chunk.subarray(Math.min(skipped, chunk.length));
        skipped -= chunk.length - bytes.length;
        if (bytes.length > 0) writeSync(target, bytes);
      },
    });
  } finally {
    closeSync(target);
  }
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** False when there is no such file, or when it is larger. */
async function eachChunk(
  { container, path }: FarFile,
  { maxBytes = Infinity, take }: { readonly maxBytes?: number; readonly take: (chunk: Buffer) => void },
): Promise<boolean> {
  const tar = await container.tar(path);
  if (!tar) return false;
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const reader = extract();
  reader.on('entry', ({ type, size = 0 }, contents, next) => {
    if (type === 'file' && size > maxBytes) return resolve(false);
    contents.on('data', (chunk: Buffer) => {
      try {
        if (type === 'file') take(chunk);
      } catch (error) {
        reject(error);
      }
    });
    contents.once('end', () => (type === 'file' ? resolve(true) : next()));
  });
  reader.once('finish', () => resolve(false));
  reader.once('error', reject);
  tar.once('error', reject);
  tar.pipe(reader);
  try {
    return await promise;
  } finally {
    // What is not wanted is not fetched either.
    reader.destroy();
    tar.destroy();
  }
}
