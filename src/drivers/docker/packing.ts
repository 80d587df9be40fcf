import { pack, type Pack } from 'tar-stream';
import { errorMessage } from '../../base/errors.js';

/** A tar that is written while it is read. Who reads it hears what went wrong with it. */
export function packing(write: (archive: Pack) => Promise<void>): Pack {
  const archive = pack();
  void write(archive).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(errorMessage(error))),
  );
  return archive;
}
