import type { TokenCounts } from './tokenCounts.js';

/** Dollars for a million tokens of each kind. What is missing costs what input does. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
}

/** A price, and the models that have it: `*` stands for any text. */
export interface PriceRow extends Price {
  readonly models: string;
}

/**
 * The price of a model, by the first row that fits its name. Names that routers put an owner before (`anthropic/claude-…`) and
 * dated versions (`…-20260101`) are found by what is left without them.
 */
export function priceOf(rows: readonly PriceRow[], model: string): Price | undefined {
  const bare = model.slice(model.lastIndexOf('/') + 1);
  for (const name of new Set([model, bare, bare.replace(/[-@]\d{8}$|-\d{4}-\d{2}-\d{2}$/, '')])) {
    const row = rows.find(({ models }) => fitsPattern(models, name));
    if (row) return row;
  }
  return undefined;
}

/** What the tokens cost, in dollars. */
export function costOf(counts: TokenCounts, price: Price): number {
  const { input, cacheRead = input, cacheWrite = input, output } = price;
  const sum =
    counts.input * input + counts.output * output + counts.cacheRead * cacheRead + counts.cacheWrite * cacheWrite;
  return sum / 1_000_000;
}

/** True when the text is the pattern, in which `*` stands for any text. Upper and lower case are one. */
export function fitsPattern(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.toLowerCase().split('*');
  const wanted = text.toLowerCase();
  if (rest.length === 0) return wanted === head;
  if (!wanted.startsWith(head)) return false;
  const tail = rest.pop() ?? '';
  let at = head.length;
  for (const piece of rest) {
    const found = wanted.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return wanted.length - tail.length >= at && wanted.endsWith(tail);
}
