import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inRepository } from '../../../src/build/paths.ts';
import { breakingChanges } from '../../../src/build/protocolImage.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

test('clients of the API as it was promised are understood', async () => {
  expect(await breakingChanges()).toBe('');
});

test('a field that goes, or becomes another, is seen', async () => {
  const folder = tempDirectory();
  cpSync(inRepository('src/protocol/muster'), join(folder, 'muster'), { recursive: true });
  cpSync(inRepository('src/protocol/buf.yaml'), join(folder, 'buf.yaml'));
  const file = join(folder, 'muster/v1/runs.proto');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('string answer = 14;', 'int32 answer = 14;').replace('int64 due_at = 23;', ''));
  const seen = await breakingChanges(folder);
  expect(seen).toContain('answer');
  expect(seen).toContain('due_at');
});
