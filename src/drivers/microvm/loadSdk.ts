import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import { vmInstallCommand, vmRuntimes, vmRuntimesFolder, type VmRuntimeName } from '../../base/vmRuntimes.js';
import { systemCode } from '../../node/systemError.js';

/**
 * Loads the package of a runtime from the folder of Muster's own where people install it; nothing is looked for anywhere else, least of
 * all among the files of an agent. Errors: `sandbox.unavailable` with the command that installs it.
 */
export function loadSdk<Sdk>(
  name: VmRuntimeName,
  stateDir: string,
  isSdk: (loaded: unknown) => loaded is Sdk,
): { readonly sdk: Sdk; readonly folder: string } {
  const folder = join(stateDir, vmRuntimesFolder);
  const command = vmInstallCommand(name, folder);
  const refuse = (text: string, reason: string, cause?: unknown): never => {
    throw new AppError('sandbox.unavailable', text, { driver: name, reason }, { cause });
  };
  const loaded = (() => {
    try {
      // A file that need not be there: names are looked up from its folder.
      const sdk: unknown = createRequire(join(folder, 'node_modules', 'index.js'))(vmRuntimes[name].package);
      return sdk;
    } catch (error) {
      if (systemCode(error) === 'MODULE_NOT_FOUND')
        return refuse(`Agents run in ${name} once its runtime is installed: ${command}`, 'not installed', error);
      return refuse(
        `The runtime of ${name} in ${folder} does not load: ${errorMessage(error)}`,
        'does not load',
        error,
      );
    }
  })();
  if (isSdk(loaded)) return { sdk: loaded, folder };
  return refuse(
    `The runtime of ${name} in ${folder} is another version. Install the one that Muster knows: ${command}`,
    'another version',
  );
}
