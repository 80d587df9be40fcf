import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readForeignFile, readForeignFileSync } from '../../../src/node/foreignFile.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

describe.each([
  ['readForeignFile', readForeignFile],
  ['readForeignFileSync', async (path: string, options: { maxBytes: number }) => readForeignFileSync(path, options)],
])('%s', (_, read) => {
  test('reads a regular file and says when it is longer than asked for', async () => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(path, 'abcdef');
    expect(await read(path, { maxBytes: 6 })).toMatchObject({ kind: 'file', truncated: false });
    const cut = await read(path, { maxBytes: 4 });
    expect(cut).toMatchObject({ kind: 'file', truncated: true });
    expect(cut.kind === 'file' && cut.bytes.toString()).toBe('abcd');
  });

  test('reads files whose size the system does not tell', async () => {
    const own = await read('/proc/self/stat', { maxBytes: 4096 });
    expect(own.kind === 'file' || own.kind === 'missing').toBe(true);
  });

  test('tells a path that is not there from one that is no file', async () => {
    const folder = tempDirectory();
    expect(await read(join(folder, 'nothing'), { maxBytes: 10 })).toEqual({ kind: 'missing' });
    expect(await read(join(folder, 'nothing', 'below'), { maxBytes: 10 })).toEqual({ kind: 'missing' });
    mkdirSync(join(folder, 'folder'));
    expect(await read(join(folder, 'folder'), { maxBytes: 10 })).toEqual({ kind: 'refused', reason: 'it is a folder' });
  });

  test.runIf(process.platform !== 'win32')('never follows a link, opens a device or waits at a FIFO', async () => {
    const folder = tempDirectory();
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), join(folder, 'link'));
    expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0);
    expect(await read(join(folder, 'link'), { maxBytes: 10 })).toMatchObject({ kind: 'refused' });
    expect(await read(join(folder, 'pipe'), { maxBytes: 10 })).toMatchObject({ kind: 'refused' });
    expect(await read('/dev/zero', { maxBytes: 10 })).toMatchObject({ kind: 'refused' });
  });
});
