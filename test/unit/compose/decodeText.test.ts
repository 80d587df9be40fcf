import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/compose/source/decodeText.js';

const read = (bytes: Uint8Array): unknown =>
  decodeText(bytes, (part, encoding) => new TextDecoder(encoding).decode(part));

describe('the text of a file', () => {
  it('is UTF-8, with or without its mark', () => {
    const text = 'name: bücher 漢 😀\n';
    expect(read(Buffer.from(text))).toEqual({ ok: true, text });
    expect(read(Buffer.from(`\uFEFF${text}`))).toEqual({ ok: true, text });
  });

  it('is UTF-16 where a mark says so', () => {
    const little = Buffer.from('\uFEFFname: é\n', 'utf16le');
    expect(read(little)).toEqual({ ok: true, text: 'name: é\n' });
    expect(read(Buffer.from(little).swap16())).toEqual({ ok: true, text: 'name: é\n' });
  });

  it.each([
    ['a lone continuation', [0x80]],
    ['a byte that never occurs', [0xff]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong character of three', [0xe0, 0x80, 0xaf]],
    ['half a pair', [0xed, 0xa0, 0x80]],
    ['more than there is', [0xf4, 0x90, 0x80, 0x80]],
    ['an end in the middle', [0xe6, 0xbc]],
    ['Latin-1', [0xe9, 0x20]],
  ])('names the place of %s', (_, bytes) => {
    const before = Buffer.from('name: x\nmodel: é ');
    expect(read(Buffer.concat([before, Buffer.from(bytes)]))).toEqual({ ok: false, line: 2, column: 10 });
  });
});
