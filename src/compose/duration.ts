import { ownValue } from '../base/ownValue.js';

/** Go duration syntax: `500ms`, `90s`, `1h30m`, `1.5h`. */
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Same language as {@link parseDuration} with a positive result, for validators that know only patterns. */
export const POSITIVE_DURATION_PATTERN = String.raw`^\s*\+?(?=[^1-9]*[1-9])((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+\s*$`;

export type DurationReading =
  { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly text: string };

/** Milliseconds of a duration that must be at least 1 ms; parts of one are kept. */
export function readPositiveDuration(source: string): DurationReading {
  const ms = parseDuration(source.trim());
  if (ms === undefined) return { ok: false, text: `invalid duration: ${invalidReason(source.trim())}` };
  if (ms <= 0) return { ok: false, text: 'duration must be positive' };
  if (ms < 1) return { ok: false, text: 'duration must be at least 1ms' };
  if (ms > Number.MAX_SAFE_INTEGER) return { ok: false, text: 'invalid duration: it is too long' };
  return { ok: true, ms };
}

function invalidReason(text: string): string {
  if (text === '') return 'it is empty, write for example 30s or 1h30m';
  if (/^[\d.]+$/.test(text)) return `"${text}" has no unit, write for example ${text}s`;
  return `"${text}", write for example 30s or 1h30m`;
}

/** Milliseconds, possibly negative or fractional; `undefined` when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  if (body === '') return undefined;
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < body.length) {
    const match = PART.exec(body);
    if (match === null) return undefined;
    total += Number(match[1]) * (ownValue(UNIT_MS, match[2] ?? '') ?? 0);
  }
  // To the nanosecond, without what binary fractions add.
  return (sign * Math.round(total * 1e6)) / 1e6;
}

/** Shortest form in h, m, s and ms that parses back to the same number: `90s`, `1h30m`, `500ms`. */
export function formatDuration(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`;
  const seconds = ms / 1000;
  const parts = [
    { value: Math.floor(seconds / 3600), unit: 'h' },
    { value: Math.floor((seconds % 3600) / 60), unit: 'm' },
    { value: seconds % 60, unit: 's' },
  ];
  const written = parts.filter(part => part.value > 0).map(part => `${part.value}${part.unit}`);
  return written.length === 0 ? '0s' : written.join('');
}
