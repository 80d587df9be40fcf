/** `npm run soak [-- suite…]`: the long matrices whole, of which `npm test` runs a seeded sample. */
import { bundleEverything } from './bundleEverything.ts';
import { currentPlatform } from './nativeModules.ts';
import { inRepository } from './paths.ts';
import { step } from './progress.ts';
import { runCommand } from './runCommand.ts';

const suites = process.argv.length > 2 ? process.argv.slice(2) : ['unit', 'contract', 'integration', 'protocol'];

await step('Bundling Muster', () => bundleEverything(currentPlatform()));
const projects = suites.flatMap(name => ['--project', name]);
const { exitCode } = await runCommand(
  process.execPath,
  [inRepository('node_modules/vitest/vitest.mjs'), 'run', ...projects, '--testTimeout', String(60 * 60_000)],
  { env: { ...process.env, MUSTER_SOAK: '1' }, accept: [0, 1] },
);
process.exitCode = exitCode;
