import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopLevelScan } from '../../../../src/host/facade/topLevelScan.js';

function scan(text: string, { pieces = 1 } = {}): { readonly problem: string | undefined; readonly model: unknown } {
  const bytes = Buffer.from(text);
  const scanner = new TopLevelScan(['model', 'stream']);
  for (let at = 0; at < bytes.length; at += pieces) scanner.push(bytes.subarray(at, at + pieces));
  const problem = scanner.finish();
  const range = scanner.range('model');
  return { problem, model: range && JSON.parse(bytes.subarray(range.start, range.end).toString('utf8')) };
}

describe('the scan of a request', () => {
  it('finds what JSON.parse finds, whatever the object and however its bytes come', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('model', 'stream', 'a"b', '\\', 'ünï', '{', ']'));
    const object = fc.dictionary(name, fc.jsonValue(), { maxKeys: 8 });
    fc.assert(
      fc.property(
        object,
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(undefined, 2, '\t'),
        (value, pieces, indent) => {
          fc.pre(
            Object.keys(value)
              .filter(key => /^(model|stream)$/i.test(key))
              .every(key => key === key.toLowerCase()),
          );
          const text = JSON.stringify(value, undefined, indent);
          const found = scan(text, { pieces });
          expect(found.problem).toBeUndefined();
          expect(found.model).toEqual((JSON.parse(text) as Record<string, unknown>)['model']);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is not led astray by a model further down or inside a text', () => {
    expect(scan('{"a":{"model":"x"},"b":"\\"model\\":\\"y\\"","model":"z"}').model).toBe('z');
    expect(scan('{"messages":[{"model":"x"}]}').model).toBeUndefined();
  });

  it.each([
    ['twice', '{"model":"a","model":"b"}'],
    ['twice, once in other letters', '{"model":"a","Model":"b"}'],
    ['in other letters alone', '{"MODEL":"b"}'],
    ['twice, once with an escape', '{"model":"a","mod\\u0065l":"b"}'],
  ])('refuses a member that is there %s', (_, text) => {
    expect(scan(text).problem).toMatch(/more than one member model/);
  });

  it('reads an escaped name like everybody else', () => {
    expect(scan('{"mod\\u0065l":"b"}').model).toBe('b');
  });

  it.each([
    '',
    ' ',
    '[]',
    '"x"',
    '7',
    'null',
    '{',
    '}',
    '{}}',
    '{}{}',
    '{"a"}',
    '{"a":}',
    '{"a":1,,"b":2}',
    '{]',
    '{"a":1]',
  ])('refuses %j', text => {
    expect(scan(text).problem).toBeDefined();
  });

  it('refuses what is nested without end, and names without end', () => {
    expect(scan(`{"a":${'['.repeat(600)}`).problem).toMatch(/nested/);
    expect(scan(`{"${'a'.repeat(1000)}":1}`).problem).toMatch(/name/);
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        const scanner = new TopLevelScan(['model']);
        scanner.push(bytes);
        scanner.finish();
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[{}[\]":,\\mode1 ]*$/), text => {
        const { problem } = scan(text);
        let isObject = false;
        try {
          const value: unknown = JSON.parse(text);
          isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        } catch {
          // Not JSON: the scan may take it, the upstream will not.
        }
        if (isObject && problem !== undefined) expect(problem).toMatch(/more than one member/);
      }),
      { numRuns: 2_000 },
    );
  });
});
