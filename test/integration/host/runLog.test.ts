import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRunLog, type RunLogRequest } from '../../../src/host/feed/runLog.js';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { maskOf, noSecrets } from '../../support/secretMasks.ts';

const never = new AbortController().signal;

function logFile(contents?: string | Buffer): string {
  const file = join(tempDirectory(), 'stdout.ndjson');
  if (contents !== undefined) writeFileSync(file, contents);
  return file;
}

function read(file: string, more: Partial<RunLogRequest> = {}) {
  return readRunLog({
    file,
    from: 0,
    tailBytes: 0,
    follow: false,
    ended: AbortSignal.abort(),
    signal: never,
    maskOf: () => noSecrets,
    ...more,
  });
}

async function bytesOf(file: string, more: Partial<RunLogRequest> = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of read(file, more)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('the log of a run', () => {
  test('is told byte for byte, whatever they are', async () => {
    const bytes = Buffer.from([...Array(256).keys(), 0x0a, 0xc3, 0x28, 0xff]);
    expect(await bytesOf(logFile(bytes))).toEqual(bytes);
  });

  test('of many megabytes and one endless line comes in pieces', async () => {
    const file = logFile('x'.repeat(3_000_000) + '\n' + 'y'.repeat(1_000_000));
    let longest = 0;
    let total = 0;
    for await (const { chunk, end } of read(file)) {
      longest = Math.max(longest, chunk.length);
      total += chunk.length;
      expect(end).toBe(BigInt(total));
    }
    expect(total).toBe(4_000_001);
    expect(longest).toBeLessThan(1_000_000);
  });

  test('comes before its line is whole where that was asked for, and nothing comes twice', async () => {
    const file = logFile('one\nname? ');
    const ended = new AbortController();
    const heard = [];
    for await (const { chunk, end } of read(file, { pieces: true, follow: true, ended: ended.signal })) {
      heard.push([String(chunk.length > 0 && Buffer.from(chunk)), end]);
      if (heard.length === 2) appendFileSync(file, 'Jane\ntwo');
      if (heard.length === 4) ended.abort();
    }
    expect(heard).toEqual([
      ['one\n', 4n],
      ['name? ', 10n],
      ['Jane\n', 15n],
      ['two', 18n],
    ]);
  });

  test('hides a secret whose beginning was passed on as far as it was not', async () => {
    const file = logFile('very-');
    const ended = new AbortController();
    const heard: string[] = [];
    const maskOfIt = () => maskOf('very-secret-value');
    for await (const { chunk } of read(file, { pieces: true, follow: true, ended: ended.signal, maskOf: maskOfIt })) {
      heard.push(Buffer.from(chunk).toString());
      if (heard.length === 1) appendFileSync(file, 'secret-value ');
      else ended.abort();
    }
    expect(heard).toEqual(['very-', '************ ']);
  });

  test('hides the rest of a key that looked whole when its beginning was passed on', async () => {
    const file = logFile(`sk-${'a'.repeat(25)}`);
    const ended = new AbortController();
    const heard: string[] = [];
    for await (const { chunk } of read(file, { pieces: true, follow: true, ended: ended.signal })) {
      heard.push(Buffer.from(chunk).toString());
      if (heard.length === 1) appendFileSync(file, `${'b'.repeat(10)} `);
      else ended.abort();
    }
    expect(heard).toEqual(['*'.repeat(28), `${'*'.repeat(10)} `]);
  });

  test('without a single line end is looked through piece by piece, and not from its beginning each time', async () => {
    const mask = maskOf('very-secret-value');
    const hide = mask.hide.bind(mask);
    let longest = 0;
    mask.hide = bytes => {
      longest = Math.max(longest, bytes.length);
      return hide(bytes);
    };
    const piece = `\r${'#'.repeat(mask.reach / 2)}`;
    const file = logFile(piece);
    const ended = new AbortController();
    let heard = '';
    const next = [...Array.from({ length: 8 }, () => piece), 'very-', 'secret-value', piece];
    const written = piece + next.join('');
    for await (const { chunk, end } of read(file, {
      pieces: true,
      follow: true,
      ended: ended.signal,
      maskOf: () => mask,
    })) {
      heard += Buffer.from(chunk).toString();
      expect(end).toBe(BigInt(heard.length));
      const more = next.shift();
      if (more === undefined) ended.abort();
      else appendFileSync(file, more);
    }
    expect(heard).toBe(written.replace('secret-value', '*'.repeat(12)));
    expect(longest).toBeLessThanOrEqual(mask.reach + piece.length);
  });

  test('that is not there is empty', async () => {
    expect(await bytesOf(logFile())).toHaveLength(0);
  });

  test('begins at a place, or a number of bytes before its end', async () => {
    const file = logFile('one\ntwo\nthree\n');
    expect(String(await bytesOf(file, { from: 4 }))).toBe('two\nthree\n');
    expect(String(await bytesOf(file, { tailBytes: 6 }))).toBe('three\n');
    expect(String(await bytesOf(file, { tailBytes: 600 }))).toBe('one\ntwo\nthree\n');
  });

  test('passes the redactor, also where a secret comes in two reads of the file', async () => {
    const secret = 'a-very-secret-value';
    const file = logFile(`${'x'.repeat(256 * 1024 - 5)}${secret}\n`.replace(/(x{1000})/g, '$1\n').slice(0, -1));
    const text = String(await bytesOf(file, { maskOf: () => maskOf(secret) }));
    expect(text).not.toContain(secret);
    expect(text).toContain('***');
  });
});

describe('following', () => {
  test('goes on until the run has ended, with what was written last', async () => {
    const file = logFile('one\n');
    const ended = new AbortController();
    let text = '';
    for await (const { chunk } of read(file, { follow: true, ended: ended.signal })) {
      text += Buffer.from(chunk).toString();
      if (text === 'one\n') appendFileSync(file, 'two\n');
      else if (text === 'one\ntwo\n') {
        appendFileSync(file, 'unfinished');
        ended.abort();
      }
    }
    expect(text).toBe('one\ntwo\nunfinished');
  });

  test('waits for a file that is yet to be made', async () => {
    const file = logFile();
    const ended = new AbortController();
    const reading = bytesOf(file, { follow: true, ended: ended.signal });
    writeFileSync(file, 'one\n');
    ended.abort();
    expect(String(await reading)).toBe('one\n');
  });

  test('stops when its reader leaves', async () => {
    const stop = new AbortController();
    const reading = bytesOf(logFile('one\n'), { follow: true, ended: never, signal: stop.signal });
    stop.abort();
    await reading;
  });
});
