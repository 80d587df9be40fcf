import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePrivateDirectory } from '../../../src/node/privateDirectory.js';
import { openStateDirectory } from '../../../src/host/state/stateDirectory.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

describe('a private directory', () => {
  test('is made with its parents, for its owner alone, and may be there already', () => {
    const path = join(tempDirectory(), 'a', 'b');
    makePrivateDirectory(path);
    makePrivateDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test('is refused where a file is in the way', () => {
    const file = join(tempDirectory(), 'file');
    writeFileSync(file, '');
    expect(() => makePrivateDirectory(file)).toThrow(file);
    expect(() => makePrivateDirectory(join(file, 'below'))).toThrow(/ENOTDIR/);
  });

  test.runIf(existsSync('/proc/self'))('is refused at once below a folder that answers ENOENT to every new one', () => {
    expect(() => makePrivateDirectory('/proc/muster/state')).toThrow(/ENOENT/);
  });
});

test.runIf(existsSync('/proc/self'))('a state directory that cannot be made is named, with what to do', () => {
  expect(() => openStateDirectory('/proc/muster')).toThrow(
    expect.objectContaining({
      code: 'state.unwritable',
      message: expect.stringMatching(/\/proc\/muster.*MUSTER_HOME/),
    }),
  );
});
