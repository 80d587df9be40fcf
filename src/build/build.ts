/** `npm run build [-- --target linux-arm64]`: everything that ships, in `dist`. */
import { parseArgs } from 'node:util';
import { bundleAll } from './bundle.ts';
import { removeOthers } from './files.ts';
import { copyNativeModules, currentPlatform, isPlatform } from './nativeModules.ts';
import { step } from './progress.ts';
import { copyWebviewAssets } from './webviewAssets.ts';

const { values } = parseArgs({ options: { target: { type: 'string' } } });
const target = values.target ?? currentPlatform();
if (!isPlatform(target)) throw new Error(`Unknown platform ${target}.`);

await step(`Bundling for ${target} into dist`, async () => {
  const written = [...(await bundleAll()), ...(await copyNativeModules(target)), ...(await copyWebviewAssets())];
  await removeOthers('dist', written);
});
