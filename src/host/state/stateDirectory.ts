import { accessSync, chmodSync, constants, statfsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { requireHome } from '../../node/requireHome.js';

/** `statfs` types of file systems where SQLite's locks do not hold. FUSE is allowed: it says nothing about what is behind it. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
]);

/** Where everything of one user is kept. */
export interface StateDirectory {
  readonly path: string;
  readonly database: string;
  readonly lock: string;
  readonly endpoint: string;
  readonly log: string;
  readonly worktrees: string;
}

/** `MUSTER_HOME`, else `~/.muster`; absolute. Errors: `state.unwritable`. */
export function stateDirectoryPath(env: NodeJS.ProcessEnv): string {
  const configured = env['MUSTER_HOME'];
  if (configured === undefined || configured === '') return join(requireHome(env), '.muster');
  return isAbsolute(configured) ? configured : resolve(configured);
}

/** Makes the directory (0700) and checks that it can hold the state. Errors: `state.unwritable`, `state.networkFileSystem`. */
export function openStateDirectory(path: string): StateDirectory {
  try {
    makePrivateDirectory(path);
    if (process.platform !== 'win32') chmodSync(path, 0o700);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new AppError(
      'state.unwritable',
      `Muster cannot use its state directory ${path}: ${errorMessage(error)}. Check its owner and permissions, or set MUSTER_HOME to another directory.`,
      { path, reason: errorMessage(error) },
      { cause: error },
    );
  }
  refuseNetworkFileSystem(path);
  return {
    path,
    database: join(path, 'muster.db'),
    lock: join(path, 'host.lock'),
    endpoint: join(path, 'endpoint.json'),
    log: join(path, 'host.log'),
    worktrees: join(path, 'worktrees'),
  };
}

function refuseNetworkFileSystem(path: string): void {
  // Other platforms give no type that means anything.
  if (process.platform !== 'linux') return;
  const kind = networkFileSystems.get(statfsSync(path).type);
  if (kind === undefined) return;
  throw new AppError(
    'state.networkFileSystem',
    `The state directory ${path} is on a network file system (${kind}), where two hosts could write at once. Set MUSTER_HOME to a local directory.`,
    { stateDir: path },
  );
}
