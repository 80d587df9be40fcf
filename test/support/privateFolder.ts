import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { cacheDirectory, inRepository } from '../../src/build/paths.ts';

/** What everybody may write to, also an agent in a sandbox. */
const everybodys = /^\/(?:tmp|var\/tmp|dev\/shm|private\/tmp|private\/var\/(?:tmp|folders))(?:\/|$)/;

/** A folder of the test that does not lie where temporary files do: checkout and cache of a machine that proves itself may well. */
export function folderOutOfReach(name: string): string {
  const places = [inRepository('out'), cacheDirectory(), '/var/lib', '/opt'];
  for (const place of places) {
    try {
      mkdirSync(place, { recursive: true });
      if (everybodys.test(realpathSync(place))) continue;
      const folder = mkdtempSync(join(place, `muster-${name}-`));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
      return folder;
    } catch {
      // Somebody else's.
    }
  }
  throw new Error(`None of ${places.join(', ')} is out of reach of everybody and can be written by this user`);
}
