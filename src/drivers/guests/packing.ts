import { pack, type Pack } from 'tar-stream';

/** A tar on its way to an engine, and what ends the call that takes it when it cannot be written whole. */
export interface Packed {
  readonly archive: Pack;
  readonly abortSignal: AbortSignal;
}

/**
 * A tar that is written while it is read. Who pipes it away does not hear of its errors and would wait for ever for its end:
 * `abortSignal` ends that wait, with what went wrong as its reason.
 */
export function packing(write: (archive: Pack) => Promise<void>): Packed {
  const archive = pack();
  const broken = new AbortController();
  void write(archive).then(
    () => archive.finalize(),
    (error: unknown) => {
      broken.abort(error);
      archive.destroy();
    },
  );
  return { archive, abortSignal: broken.signal };
}

/** Does something with a tar. Errors: what it could not be written for, else those of the work. */
export async function sent<T>({ abortSignal }: Packed, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    abortSignal.throwIfAborted();
    throw error;
  }
}
