import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AppError } from '../base/errors.js';
import { ownUserId } from './person.js';
import { makePrivateDirectory } from './privateDirectory.js';

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, with a NUL at the end. */
const maxSocketPath = 103;

/**
 * Where to listen: `<folder>/<name>`, or when that path is too long a private directory under the user's runtime directory
 * (`XDG_RUNTIME_DIR`, which no cleaner empties) or else the temporary one. Errors: `state.unwritable`.
 */
export function privateSocketPath(folder: string, name: string, env: NodeJS.ProcessEnv = process.env): string {
  const inFolder = join(folder, name);
  if (Buffer.byteLength(inFolder) <= maxSocketPath) return inFolder;
  const key = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const directory = join(runtimeDirectory(env) ?? shortTemporaryDirectory(), `muster-${ownUserId()}-${key}`);
  makePrivateDirectory(directory);
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== ownUserId() || (found.mode & 0o077) !== 0) {
    throw new AppError(
      'state.unwritable',
      `${directory} is not a private directory of yours. Remove it, or set MUSTER_HOME to a shorter path.`,
      {
        path: directory,
        reason: 'not private',
      },
    );
  }
  return join(directory, name);
}

/** The one that the user's session has, when it is there, ours alone and short enough. */
function runtimeDirectory(env: NodeJS.ProcessEnv): string | undefined {
  const path = env['XDG_RUNTIME_DIR'];
  if (path === undefined || !isAbsolute(path) || Buffer.byteLength(path) > 50) return undefined;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() && found.uid === ownUserId() && (found.mode & 0o077) === 0 ? path : undefined;
}

function shortTemporaryDirectory(): string {
  const preferred = tmpdir();
  const fits = Buffer.byteLength(preferred) <= 50 && lstatSync(preferred, { throwIfNoEntry: false }) !== undefined;
  return fits ? preferred : '/tmp';
}
