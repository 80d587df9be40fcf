import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RepeatedLooks } from '../../../src/node/looks.js';

test('what was looked at just now is told as it is, and not as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-looks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let now = 0;
  const looks = new RepeatedLooks({ awake: () => now });
  const file = join(folder, 'file');

  for (const later of [0, 100, 10_000]) {
    now += later;
    expect(await looks.at(file)).toBeUndefined();
    writeFileSync(file, 'there');
    expect((await looks.at(file))?.isFile()).toBe(true);
    rmSync(file);
  }
});
