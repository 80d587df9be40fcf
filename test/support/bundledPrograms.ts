import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { listBundles, optionsFor } from '../../src/build/bundles.ts';
import { inRepository } from '../../src/build/paths.ts';

/** Environment variable that names the folder of those that a suite bundled before its first test. */
export const bundledPrograms = 'MUSTER_TEST_PROGRAMS';

/** The real host, CLI and what else runs in Node, bundled as they ship. */
export interface Programs {
  readonly folder: string;
  readonly host: string;
  readonly cli: string;
}

/** Makes a folder for {@link bundlePrograms}: inside the checkout, so that the bundles find the native database library. */
export function programsFolder(): string {
  mkdirSync(inRepository('out'), { recursive: true });
  return mkdtempSync(inRepository('out/test-programs-'));
}

/** Bundles the present sources. `version` makes them call themselves something else. Keeps the machine busy for some seconds. */
export async function bundlePrograms(folder: string, version?: string): Promise<Programs> {
  const entries = listBundles().filter(({ kind }) => kind === 'node' || kind === 'executable');
  for (const entry of entries) {
    const options = optionsFor(entry);
    const define = {
      ...options.define,
      MUSTER_TEST_BUILD: 'true',
      ...(version !== undefined && { MUSTER_VERSION: JSON.stringify(version) }),
    };
    await build({ ...options, define, outdir: folder, write: true, minify: false, sourcemap: false });
  }
  return programsIn(folder);
}

export function programsIn(folder: string): Programs {
  return { folder, host: join(folder, 'host.js'), cli: join(folder, 'cli.js') };
}
