import { currentPlatform } from '../../../src/build/nativeModules.ts';
import { packageExtension } from '../../../src/build/packageExtension.ts';
import { setup as bundle } from './bundles.ts';

/** For suites that install the extension as a person does. The path is in `MUSTER_TEST_VSIX`; set it to test another package. */
export async function setup(): Promise<void> {
  if (process.env['MUSTER_TEST_VSIX']) return;
  await bundle();
  process.env['MUSTER_TEST_VSIX'] = await packageExtension(currentPlatform());
}
