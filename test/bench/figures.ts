/** One measured figure. A budget is an upper bound in the figure's own unit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'MB' | 'kB' | '%' | '×' | 'lines';
  readonly budget?: number;
  readonly note?: string;
}

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

/** The table that `npm run bench` prints. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(figure => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`,
    figure.budget === undefined ? '' : `≤ ${format(figure.budget)} ${figure.unit}`,
    figure.budget === undefined ? '' : figure.value <= figure.budget ? 'met' : 'MISSED',
    figure.note ?? '',
  ]);
  const table = [['figure', 'measured', 'budget', '', ''], ...rows];
  const widths = [0, 1, 2, 3].map(column => Math.max(...table.map(row => row[column]?.length ?? 0)));
  return table
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
