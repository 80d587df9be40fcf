import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runFiles } from '../../node/runFiles.js';
import { systemCode } from '../../node/systemError.js';

/** Makes `started` in the directory of a run, as its wrapper does: in one step that fails on whatever has the name. False when it did. */
export function claimStart(dir: string): boolean {
  try {
    closeSync(openSync(join(dir, runFiles.started), 'wx', 0o600));
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Gives back what {@link claimStart} made, when what was to begin is gone and never did. */
export function releaseStart(dir: string): void {
  rmSync(join(dir, runFiles.started), { force: true });
}
