/** `npm run package [-- --target linux-arm64]`: builds and writes `muster-<platform>-<version>.vsix`. */
import { parseArgs } from 'node:util';
import { packageExtension } from './packageExtension.ts';
import { currentPlatform, parsePlatform } from './nativeModules.ts';
import { bundleEverything } from './bundleEverything.ts';
import { step } from './progress.ts';

const { values } = parseArgs({ options: { target: { type: 'string' } } });
const platform = parsePlatform(values.target);

await step(`Bundling for ${platform} into dist`, () => bundleEverything(platform));
const path = await step('Packing what .vscodeignore lists', () => packageExtension(platform));
console.log(path);
// A checkout must go on running here, whatever was packed last.
if (platform !== currentPlatform()) await bundleEverything(currentPlatform());
