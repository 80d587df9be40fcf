import { ownValue } from '../base/ownValue.js';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  'k': 1024,
  'm': 1024 ** 2,
  'g': 1024 ** 3,
  't': 1024 ** 4,
};

export const BYTE_SIZE_PATTERN = String.raw`^\s*\d+(\.\d+)?\s*([kKmMgGtT][iI]?)?[bB]?\s*$`;

/** `512m`, `4g`, `1.5GiB`, `1048576` → bytes; units count in 1024s. */
export function parseByteSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])i?)?b?\s*$/i.exec(text);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * (ownValue(UNIT_BYTES, (match[2] ?? '').toLowerCase()) ?? 1));
}
