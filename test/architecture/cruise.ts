import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inRepository } from '../../src/build/paths.ts';

export interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** Applies the layer rules to the sources in `folder`, which is the checkout or a copy of it. */
export async function cruise(folder: string): Promise<CruiseResult> {
  const program = inRepository('node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, '--config', join(folder, 'test/architecture/layers.mjs'), '--output-type', 'json', 'src', 'webview'],
    { cwd: folder, maxBuffer: 1 << 28 },
  ).catch((error: { stdout?: string }) => {
    // Its exit code is the number of violations; the report is complete all the same.
    if (error.stdout?.startsWith('{')) return { stdout: error.stdout };
    throw error;
  });
  return JSON.parse(stdout) as CruiseResult;
}
