/** `npm run build [-- --target linux-arm64]`: everything that ships, in `dist`. */
import { parseArgs } from 'node:util';
import { bundleEverything } from './bundleEverything.ts';
import { parsePlatform } from './nativeModules.ts';
import { step } from './progress.ts';

const { values } = parseArgs({ options: { target: { type: 'string' } } });
const platform = parsePlatform(values.target);

await step(`Bundling for ${platform} into dist`, () => bundleEverything(platform));
