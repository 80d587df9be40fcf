import { describe, expect, it } from 'vitest';
import {
  codePointsTo,
  completionKinds,
  matchesOf,
  textOfInspection,
  utf16Offset,
} from '../../../src/extension/notebooks/kernelWords.js';

describe('places in a cell', () => {
  const text = 'x = "🦆🦆"; y';
  it('are counted in code points for the kernel and in UTF-16 units for the editor', () => {
    expect(codePointsTo(text, text.indexOf('y'))).toBe(10);
    expect(utf16Offset(text, 10)).toBe(text.indexOf('y'));
    expect(utf16Offset(text, 5)).toBe(5);
    expect(utf16Offset(text, 6)).toBe(7);
  });
  it('end where the text ends', () => {
    expect(utf16Offset('ab', 99)).toBe(2);
  });
});

describe('what a kernel proposes', () => {
  it('carries the kind and the signature where the kernel tells them', () => {
    const metadata = { _jupyter_types_experimental: [{ text: 'print', type: 'function', signature: '(*args)' }] };
    expect(matchesOf({ matches: ['print', 'private'], metadata })).toEqual([
      { text: 'print', kind: 'function', detail: '(*args)' },
      { text: 'private', kind: '', detail: '' },
    ]);
    expect(completionKinds('function')).toBe('Function');
    expect(completionKinds('constructor')).toBe('Text');
  });
  it('is bounded and holds for whatever a kernel sends', () => {
    expect(
      matchesOf({ matches: [1, null, '', 'a'.repeat(10_000), 'ok'], metadata: { _jupyter_types_experimental: 7 } }),
    ).toEqual([{ text: 'ok', kind: '', detail: '' }]);
    expect(
      matchesOf({ matches: Array.from({ length: 50_000 }, (_, n) => `name${n}`), metadata: undefined }),
    ).toHaveLength(1_000);
  });
});

it('what a kernel says of a name has no colours of a terminal', () => {
  expect(textOfInspection({ 'text/plain': '\u001b[31mSignature:\u001b[39m f(x)\n' })).toBe('Signature: f(x)');
  expect(textOfInspection({ 'text/html': '<b>x</b>' })).toBe('');
});
