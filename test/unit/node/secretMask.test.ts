import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestSecrets, SecretKeys } from '../../../src/node/secretDigests.js';
import { SecretMask } from '../../../src/node/secretMask.js';
import { maskOf, noSecrets } from '../../support/secretMasks.ts';

const stars = (text: string): string => '*'.repeat(Buffer.byteLength(text));

describe('a secret is hidden', () => {
  const secret = 'k3y-with "quotes"/and\\more';

  test('as it is, whatever stands around it', () => {
    expect(maskOf(secret).hideIn(`a${secret}b ${secret}`)).toBe(`a${stars(secret)}b ${stars(secret)}`);
  });

  test.each([
    ['JSON', JSON.stringify({ a: secret })],
    ['JSON in JSON', JSON.stringify({ a: JSON.stringify({ b: secret }) })],
    ['JSON in JSON in JSON', JSON.stringify([JSON.stringify([JSON.stringify([secret])])])],
    ['JSON with escaped slashes', JSON.stringify({ a: secret }).replaceAll('/', '\\/')],
    ['an address', `https://x/?key=${encodeURIComponent(secret)}&b=1`],
  ])('in %s, which stays readable', (_, text) => {
    const hidden = maskOf(secret).hideIn(text);
    expect(hidden).toContain('****');
    expect(hidden).not.toContain('quotes');
    expect(hidden).toHaveLength(text.length);
    if (text.startsWith('{') || text.startsWith('[')) JSON.parse(hidden);
  });

  test('with letters of the whole world, also escaped', () => {
    const mask = maskOf('pässwörd→日本');
    expect(mask.hideIn('x pässwörd→日本 y')).not.toMatch(/sswör|日本/);
    expect(mask.hideIn('"p\\u00e4ssw\\u00f6rd\\u2192\\u65e5\\u672c"')).toMatch(/^"\*+"$/);
  });

  test('with what JSON for HTML escapes', () => {
    expect(maskOf('one<two>&three').hideIn('"one\\u003ctwo\\u003e\\u0026three"')).toMatch(/^"\*+"$/);
  });

  test('behind an escape, so that the line is still JSON', () => {
    const line = JSON.stringify({ text: 'a\nninety-nine' });
    expect(JSON.parse(maskOf('ninety-nine').hideIn(line))).toEqual({ text: `a\n${stars('ninety-nine')}` });
    const doubled = JSON.stringify({ text: 'a\\ninety-nine' });
    expect(JSON.parse(maskOf('ninety-nine').hideIn(doubled))).toEqual({ text: `a\\${stars('ninety-nine')}` });
    expect(() => JSON.parse(maskOf('n-and-more').hideIn('{"text":"a\\n-and-more"}'))).not.toThrow();
  });

  test('over several lines, each for itself', () => {
    const lines = [1, 2, 3].map(() => randomBytes(48).toString('base64'));
    const pem = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
    const mask = maskOf(pem);
    for (const text of [pem, pem.replaceAll('\n', '\r\n'), JSON.stringify({ pem }), `  ${lines[1]}`]) {
      const hidden = mask.hideIn(text);
      for (const line of lines) expect(hidden).not.toContain(line.slice(0, 12));
    }
    expect(mask.hideIn('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----');
  });

  test('that is short, where it is a word of its own', () => {
    const mask = maskOf('hunt3');
    expect(mask.hideIn('pw=hunt3; "hunt3" (hunt3)')).toBe('pw=*****; "*****" (*****)');
    expect(mask.hideIn('{"a":"\\nhunt3\\n"}')).toBe('{"a":"\\n*****\\n"}');
    expect(mask.hideIn('hunt30 xhunt3 hunt3r')).toBe('hunt30 xhunt3 hunt3r');
  });

  test('whole when another one begins like it', () => {
    const mask = maskOf('password-1', 'password-1-and-more');
    expect(mask.hideIn('password-1-and-more password-1')).toBe(`${stars('password-1-and-more')} **********`);
  });

  test('also when it overlaps another one', () => {
    expect(maskOf('abcdefghij', 'hijklmnopq').hideIn('abcdefghijklmnopq')).toBe('*'.repeat(17));
  });

  test('by its shape when nobody announced it', () => {
    const key = `sk-ant-${'a1B2'.repeat(8)}`;
    expect(noSecrets.hideIn(`key ${key} end`)).toBe(`key ${stars(key)} end`);
    expect(noSecrets.hideIn(`"\\n${key}"`)).toBe(`"\\n${stars(key)}"`);
    expect(noSecrets.hideIn(`ghp_${'a'.repeat(36)}`)).toBe('*'.repeat(40));
    expect(noSecrets.hideIn(`risk-${'a'.repeat(36)} the sketch`)).toBe(`risk-${'a'.repeat(36)} the sketch`);
  });
});

test('what switches something on or off, and what is shorter than a word, is no secret', () => {
  expect(maskOf('true', 'on', '', 'abc').hideIn('true on abc')).toBe('true on abc');
});

test('bytes that are no text, and everything outside the asked part, stay as they are', () => {
  const bytes = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0]),
    Buffer.from('very-secret very-secret'),
    Buffer.from([0xc3]),
  ]);
  const before = Buffer.from(bytes);
  expect(maskOf('very-secret').hide(bytes, 0, 14)).toEqual([{ from: 3, to: 14 }]);
  expect(bytes.subarray(14)).toEqual(before.subarray(14));
});

test('what is stored tells neither the secret nor, to another machine, that it is the same', () => {
  const one = new SecretKeys(Buffer.alloc(32, 1));
  const other = new SecretKeys(Buffer.alloc(32, 2));
  const digests = digestSecrets(['very-secret-value'], one);
  expect(JSON.stringify(digests)).not.toContain('very');
  expect(digests).not.toEqual(digestSecrets(['very-secret-value'], other));
  expect(new SecretMask(digests, one).hideIn('very-secret-value')).toBe('*'.repeat(17));
  expect(new SecretMask(digests, other).hideIn('very-secret-value')).toBe('very-secret-value');
});
