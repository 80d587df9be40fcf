import { cpus, release } from 'node:os';
import { measureBundles } from './bundles.js';
import { formatFigures, type Figure } from './figures.js';
import { measureHistory } from './history.js';
import { measureLatency } from './latency.js';
import { measureLoad } from './load.js';
import { measureWorktrees } from './worktrees.js';

/** `npm run bench [name…]`: measures and prints a table of figures against their budgets. Never fails on a figure. */
const benches: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  bundles: measureBundles,
  latency: measureLatency,
  load: measureLoad,
  history: measureHistory,
  worktrees: measureWorktrees,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. Known: ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`> Measuring ${name}`);
  figures.push(...(await measure()));
}
console.log(
  `Node ${process.version}, ${process.platform} ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}\n`,
);
console.log(formatFigures(figures));
