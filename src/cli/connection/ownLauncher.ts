import { join } from 'node:path';
import { installLauncher } from '../../client/launcherScript.js';
import { productVersion } from '../../protocol/productVersion.js';
import type { CommandContext } from '../command.js';

/** Writes the launcher of the state directory with this copy of Muster in it; for what is written down elsewhere and must outlive an update. */
export async function installOwnLauncher({ stateDir, bundleDir, env }: CommandContext): Promise<string> {
  return await installLauncher({
    stateDir,
    version: productVersion,
    cli: join(bundleDir, 'cli.js'),
    node: process.execPath,
    electron: env['ELECTRON_RUN_AS_NODE'] !== undefined,
  });
}
