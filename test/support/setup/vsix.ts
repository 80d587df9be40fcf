import { provideInstalledExtension } from '../workbench/installedExtension.ts';
import { setup as bundle } from './bundles.ts';

/** For suites that use the extension as a person does, in windows of their own. */
export async function setup(): Promise<() => Promise<void>> {
  if (!process.env['MUSTER_TEST_VSIX']) await bundle();
  const installed = await provideInstalledExtension();
  return async () => await installed[Symbol.asyncDispose]();
}
