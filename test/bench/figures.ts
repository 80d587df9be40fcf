import type { Figure } from '../../src/build/benchFigures.ts';

/** The value below which the given share (0 to 1) of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** p50 and p99 of the samples as two figures. */
export function spread(
  name: string,
  samples: readonly number[],
  budgets: { readonly p50?: number; readonly p99?: number },
): readonly Figure[] {
  const note = `${samples.length} samples`;
  return [
    { name: `${name}, p50`, value: percentile(samples, 0.5), unit: 'ms', budget: budgets.p50, note },
    { name: `${name}, p99`, value: percentile(samples, 0.99), unit: 'ms', budget: budgets.p99, note },
  ];
}
