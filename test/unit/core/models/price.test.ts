import { describe, expect, it } from 'vitest';
import { builtInPrices } from '../../../../src/core/models/builtInPrices.js';
import { costOf, fitsPattern, priceOf } from '../../../../src/core/models/price.js';

describe('a pattern', () => {
  it.each([
    ['gpt-5', 'gpt-5', true],
    ['gpt-5', 'gpt-5-mini', false],
    ['gpt-5*', 'gpt-5-mini', true],
    ['*', '', true],
    ['*-mini', 'GPT-5-MINI', true],
    ['claude-*-4*', 'claude-opus-4-1', true],
    ['claude-*-4*', 'claude-4', false],
    ['a*a', 'a', false],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'acb', false],
    ['.*', 'anything', false],
  ])('%s and %s: %s', (pattern, text, fits) => {
    expect(fitsPattern(pattern, text)).toBe(fits);
  });
});

describe('the price of a model', () => {
  it.each([
    ['claude-sonnet-4-5', 3],
    ['claude-sonnet-4-5-20250929', 3],
    ['anthropic/claude-sonnet-4-5', 3],
    ['claude-opus-4-20250514', 15],
    ['claude-opus-4-5-20251101', 5],
    ['gpt-5', 1.25],
    ['gpt-5-2025-08-07', 1.25],
    ['gpt-5-mini-2025-08-07', 0.25],
    ['gemini-2.5-flash-lite', 0.1],
    ['gemini-2.5-flash', 0.3],
  ])('%s costs $%d for a million tokens of input', (model, input) => {
    expect(priceOf(builtInPrices, model)?.input).toBe(input);
  });

  it('is not guessed for a name that nobody listed', () => {
    expect(priceOf(builtInPrices, 'gpt-6')).toBeUndefined();
  });

  it('is the first that fits, so that a person’s own come before those that are built in', () => {
    const own = [{ models: 'gpt-5', input: 7, output: 7 }, ...builtInPrices];
    expect(priceOf(own, 'gpt-5')?.input).toBe(7);
  });
});

it('counts each kind of token at its own price, and what has none like input', () => {
  const tokens = { input: 1_000_000, output: 2_000_000, cacheRead: 4_000_000, cacheWrite: 8_000_000, reasoning: 1 };
  expect(costOf(tokens, { input: 1, output: 10, cacheRead: 0.1, cacheWrite: 2 })).toBeCloseTo(1 + 20 + 0.4 + 16, 9);
  expect(costOf(tokens, { input: 1, output: 10 })).toBeCloseTo(1 + 20 + 4 + 8, 9);
});
