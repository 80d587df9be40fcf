import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { pack, type Headers } from 'tar-stream';
import { appendFarFile, readFarFile } from '../../../src/drivers/guests/farFiles.js';
import { tempDirectory } from '../../support/tempDirectory.js';

/** A container with one thing at every path. */
function container(header: Headers, contents: Readable | string) {
  const sent = new PassThrough();
  const archive = pack();
  const entry = archive.entry(header, error => (error ? sent.destroy() : archive.finalize()));
  if (contents === '') entry.end();
  else if (typeof contents === 'string') entry.end(contents);
  else contents.pipe(entry);
  archive.pipe(sent);
  return { sent, container: { tar: async () => sent } };
}

describe('a file of a container', () => {
  test('that is larger than any record is left there', async () => {
    const size = 1024 ** 4;
    const zeros = new Readable({ read: () => zeros.push(Buffer.alloc(65_536)) });
    const { sent, container: its } = container({ name: 'exit.json', size }, zeros);
    const file = { container: its, path: '/muster/exit.json' };
    expect(await readFarFile(file, { maxBytes: 4096 })).toBeUndefined();
    expect(sent.destroyed).toBe(true);
    zeros.destroy();
  });

  test('is read when it is small, and is none where a link stands', async () => {
    const read = async (header: Headers, text: string) =>
      await readFarFile({ container: container(header, text).container, path: '/p' }, { maxBytes: 4096 });
    expect(String(await read({ name: 'pid', size: 3 }, '12\n'))).toBe('12\n');
    expect(await read({ name: 'pid', type: 'symlink', linkname: '/etc/passwd' }, '')).toBeUndefined();
  });

  test('adds to the one here what that does not have yet', async () => {
    const here = join(tempDirectory('muster-container-file'), 'stdout.ndjson');
    const whole = 'first\n'.repeat(30_000);
    writeFileSync(here, whole.slice(0, 100_001));
    const header = { name: 'stdout.ndjson', size: whole.length };
    await appendFarFile({ container: container(header, whole).container, path: '/p' }, here);
    expect(readFileSync(here, 'utf8')).toBe(whole);
  });
});
