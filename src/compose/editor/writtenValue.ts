import type { Span } from '../source/textPosition.js';

/** What stands where a value is to be written, without its quotes; `undefined` when the offset is behind them. */
export function writtenValue(text: string, word: Span, offset: number): string | undefined {
  const written = text.slice(word.start, word.end);
  if (!/^["']/.test(written)) return written;
  const closing = closingQuote(written);
  return closing !== undefined && offset > word.start + closing ? undefined : written.slice(1, closing);
}

/** Where the text that a value begins with a quote for ends; `undefined` without quotes, and while they are open. */
export function closingQuote(value: string): number | undefined {
  const quote = value[0];
  if (quote !== '"' && quote !== "'") return undefined;
  for (let at = 1; at < value.length; at++) {
    if (quote === '"' && value[at] === '\\') at++;
    else if (value[at] === quote) {
      const isDoubled = quote === "'" && value[at + 1] === quote;
      if (!isDoubled) return at;
      at++;
    }
  }
  return undefined;
}
