import { statSync } from 'node:fs';
import type { Figure } from './figures.js';

/** Sizes of what VS Code loads first. */
export async function measureBundles(): Promise<readonly Figure[]> {
  return [
    { name: 'extension entry bundle', value: statSync('dist/extension.cjs').size / 1000, unit: 'kB', budget: 250 },
  ];
}
