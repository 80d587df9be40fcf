import { createVSIX } from '@vscode/vsce';
import { productVersion } from './manifest.ts';
import type { Platform } from './nativeModules.ts';
import { inRepository } from './paths.ts';

/** Packs `dist` as it is; returns the absolute path of the `.vsix`. Needs no network. */
export async function packageExtension(platform: Platform): Promise<string> {
  const packagePath = inRepository(`muster-${platform}-${await productVersion()}.vsix`);
  await createVSIX({
    cwd: inRepository(),
    packagePath,
    target: platform,
    // What the extension needs at run time is inside dist already.
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  return packagePath;
}
