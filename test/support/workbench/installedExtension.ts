import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installExtension } from '../../../src/build/codeServerProcess.ts';
import { currentPlatform } from '../../../src/build/nativeModules.ts';
import { packageExtension } from '../../../src/build/packageExtension.ts';

/**
 * The extension as a person has it: packaged, and installed once into a folder that is in `MUSTER_TEST_EXTENSIONS` until it is
 * disposed of. `MUSTER_TEST_VSIX` names another package to use.
 */
export async function provideInstalledExtension(): Promise<AsyncDisposable> {
  const scratch = await mkdtemp(join(tmpdir(), 'muster-extensions-'));
  const extensionsDir = join(scratch, 'extensions');
  const vsix = process.env['MUSTER_TEST_VSIX'] ?? (await packageExtension(currentPlatform()));
  await installExtension(vsix, { userDataDir: join(scratch, 'user-data'), extensionsDir });
  process.env['MUSTER_TEST_EXTENSIONS'] = extensionsDir;
  return { [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true, maxRetries: 10 }) };
}
