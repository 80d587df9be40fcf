/**
 * `npm run bench [-- part…]`: runs every `test/bench/*.bench.ts` (or those whose names contain a part) against the bundles
 * and prints each figure beside its budget. A budget that is missed is marked; it does not fail the run.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { pathToFileURL } from 'node:url';
import { bundleEverything } from './bundleEverything.ts';
import { readFigures, type Figure } from './benchFigures.ts';
import { currentPlatform } from './nativeModules.ts';
import { inRepository } from './paths.ts';
import { say, step } from './progress.ts';
import './sourceResolution.ts';

const parts = process.argv.slice(2);
const files = (await readdir(inRepository('test/bench')).catch(() => []))
  .filter(file => file.endsWith('.bench.ts'))
  .filter(file => parts.length === 0 || parts.some(part => file.includes(part)))
  .toSorted();

await step('Bundling Muster', () => bundleEverything(currentPlatform()));
const figures: Figure[] = [];
for (const file of files) {
  await step(file, async () => {
    const module: unknown = await import(pathToFileURL(inRepository('test/bench', file)).href);
    for (const figure of await readFigures(module, file)) {
      figures.push(figure);
      console.log(line(figure));
    }
  });
}
await mkdir(inRepository('out'), { recursive: true });
await writeFile(inRepository('out/bench.json'), `${JSON.stringify({ machine: machine(), figures }, undefined, 2)}\n`);
const missed = figures.filter(({ value, budget }) => budget !== undefined && value > budget).length;
say(`${figures.length} figures on ${machine()}, ${missed} over budget; also in out/bench.json`);

function line({ name, value, unit, budget, note }: Figure): string {
  const verdict =
    budget === undefined ? '' : value <= budget ? `  within ${budget} ${unit}` : `  OVER ${budget} ${unit}`;
  return `${name.padEnd(64)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit}${verdict}${note ? `  (${note})` : ''}`;
}

function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${process.platform} ${process.arch}, ${cpus().length} cores, ${memory} GiB, Node ${process.version}`;
}
