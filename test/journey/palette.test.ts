import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

test('the packaged extension installs, and the palette offers its commands', async () => {
  await using repository = await createSampleRepository();
  await using workbench = await openWorkbench({ folder: repository.folder });
  await expect
    .poll(() => workbench.paletteEntries('Muster:'), { timeout: 30_000 })
    .toContainEqual(expect.stringContaining('Muster: Dispatch Task'));
});
