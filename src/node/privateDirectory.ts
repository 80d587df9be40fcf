import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './systemError.js';

/**
 * Makes a directory of mode 0700, and its parents where they are missing; one that is there stays as it is.
 * Not `mkdir`'s own `recursive`: below a folder that refuses new ones by ENOENT (`/proc`), Node never comes back from it.
 */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') {
      if (statSync(path).isDirectory()) return;
      throw new Error(`${path} is a file`, { cause: error });
    }
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makePrivateDirectory(dirname(path));
    makePrivateDirectory(path);
  }
}
