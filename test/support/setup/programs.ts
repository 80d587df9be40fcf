import { rm } from 'node:fs/promises';
import { bundledPrograms, bundlePrograms, programsFolder } from '../bundledPrograms.ts';
import { setup as bundle } from './bundles.ts';

/** For suites that run hosts of their own: what ships, and once for all files the programs that tests may set clocks in. */
export async function setup(): Promise<() => Promise<void>> {
  await bundle();
  const folder = programsFolder();
  await bundlePrograms(folder);
  process.env[bundledPrograms] = folder;
  return async () => {
    delete process.env[bundledPrograms];
    await rm(folder, { recursive: true, force: true });
  };
}
