import { statSync } from 'node:fs';
import type { Figure } from '../../src/build/benchFigures.ts';

/** Sizes of what VS Code loads first. */
export async function measure(): Promise<readonly Figure[]> {
  return [
    { name: 'extension entry bundle', value: statSync('dist/extension.cjs').size / 1000, unit: 'kB', budget: 250 },
  ];
}
