import { bundleAll } from './bundle.ts';
import { removeOthers } from './files.ts';
import { copyNativeModules, type Platform } from './nativeModules.ts';
import { writeThirdPartyNotices } from './thirdPartyNotices.ts';
import { copyWebviewAssets } from './webviewAssets.ts';

/** Makes `dist` what ships for one platform, and nothing else. */
export async function bundleEverything(platform: Platform): Promise<void> {
  const written = [...(await bundleAll()), ...(await copyNativeModules(platform)), ...(await copyWebviewAssets())];
  await removeOthers('out/meta', written);
  written.push(await writeThirdPartyNotices());
  await removeOthers('dist', written);
}
