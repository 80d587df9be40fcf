import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideDemoRepository } from '../../../src/build/demoRepository.ts';

/** A fresh copy of the demo repository in a temporary folder. */
export async function createSampleRepository(): Promise<AsyncDisposable & { readonly folder: string }> {
  const scratch = await mkdtemp(join(tmpdir(), 'muster-sample-'));
  const folder = join(scratch, 'greeter');
  await provideDemoRepository(folder);
  return { folder, [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true, maxRetries: 5 }) };
}
