import { createHash, randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AppError } from '../../base/errors.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, with a NUL at the end. */
const maxSocketPath = 103;

/**
 * Where the host listens: `<state>/host.sock`, or when that path is too long a private directory under the user's runtime
 * directory (`XDG_RUNTIME_DIR`, which no cleaner empties) or else the temporary one; a random pipe name on Windows. Clients learn it from the endpoint file and never reconstruct it.
 */
export function chooseSocketPath(stateDir: string, env: NodeJS.ProcessEnv = process.env): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\muster-${randomBytes(16).toString('hex')}`;
  const inState = join(stateDir, 'host.sock');
  if (Buffer.byteLength(inState) <= maxSocketPath) return inState;
  const name = createHash('sha256').update(stateDir).digest('hex').slice(0, 16);
  const directory = join(runtimeDirectory(env) ?? shortTemporaryDirectory(), `muster-${userInfo().uid}-${name}`);
  makePrivateDirectory(directory);
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0) {
    throw new AppError(
      'state.unwritable',
      `${directory} is not a private directory of yours. Remove it, or set MUSTER_HOME to a shorter path.`,
      {
        path: directory,
        reason: 'not private',
      },
    );
  }
  return join(directory, 'host.sock');
}

/** The one that the user's session has, when it is there, ours alone and short enough. */
function runtimeDirectory(env: NodeJS.ProcessEnv): string | undefined {
  const path = env['XDG_RUNTIME_DIR'];
  if (path === undefined || !isAbsolute(path) || Buffer.byteLength(path) > 50) return undefined;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o077) === 0 ? path : undefined;
}

function shortTemporaryDirectory(): string {
  const preferred = tmpdir();
  return Buffer.byteLength(preferred) <= 50 ? preferred : '/tmp';
}
