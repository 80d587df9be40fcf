import { bundleEverything } from '../../../src/build/bundleEverything.ts';
import { currentPlatform } from '../../../src/build/nativeModules.ts';

/** For suites that run what ships: makes sure that `dist` is what the sources say. */
export async function setup(): Promise<void> {
  // `npm test` does it once for all suites.
  if (process.env['MUSTER_TEST_BUNDLED'] === 'true') return;
  await bundleEverything(currentPlatform());
}
