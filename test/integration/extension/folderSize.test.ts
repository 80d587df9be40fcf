import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderSize } from '../../../src/extension/threads/folderSize.js';
import { tempDirectory } from '../../support/tempDirectory.js';

test('a folder is as large as its files; links are not followed, and counting can be stopped', async () => {
  const folder = tempDirectory();
  await mkdir(join(folder, 'deep', 'er'), { recursive: true });
  await writeFile(join(folder, 'a'), Buffer.alloc(1_000));
  await writeFile(join(folder, 'deep', 'er', 'b'), Buffer.alloc(20_000));
  await symlink('/', join(folder, 'deep', 'everything'));
  const size = await folderSize(folder, new AbortController().signal);
  expect(size).toBeGreaterThanOrEqual(21_000);
  expect(size).toBeLessThan(22_000);
  expect(await folderSize(join(folder, 'gone'), new AbortController().signal)).toBe(0);
  await expect(folderSize(folder, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});
