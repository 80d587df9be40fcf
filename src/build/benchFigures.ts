/** One measured number; smaller is better. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most it may be on two cores. */
  readonly budget?: number;
  /** What it was compared with in the same run, or under which conditions. */
  readonly note?: string;
}

/**
 * Runs a benchmark module: it exports `measure(): Promise<readonly Figure[]>`. What it sets in the environment (a home of its own) is not
 * there any more for the next one, which would measure something else.
 */
export async function readFigures(module: unknown, file: string): Promise<readonly Figure[]> {
  if (!isBenchmark(module)) throw new Error(`${file} must export a function measure()`);
  const before = { ...process.env };
  const figures = await module.measure().finally(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  if (!Array.isArray(figures) || !figures.every(isFigure)) throw new Error(`${file}: measure() must return figures`);
  return figures;
}

function isBenchmark(module: unknown): module is { readonly measure: () => Promise<unknown> } {
  return typeof module === 'object' && module !== null && 'measure' in module && typeof module.measure === 'function';
}

function isFigure(value: unknown): value is Figure {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'value' in value &&
    typeof value.value === 'number' &&
    'unit' in value
  );
}
