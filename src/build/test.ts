/**
 * `npm test [-- suite…]`: provides what the suites need, builds, runs them one after the other and ends with one line,
 * `N passed, M failed[, K skipped]`.
 */
import { mkdir, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { bundleEverything } from './bundleEverything.ts';
import { currentPlatform } from './nativeModules.ts';
import { inRepository } from './paths.ts';
import { say, step } from './progress.ts';
import { provideAgents } from './provision/agents.ts';
import { provideSystemPackages } from './provision/aptPackages.ts';
import { provideCodeServer } from './provision/codeServer.ts';
import { provideJupyter } from './provision/jupyter.ts';
import { runCommand } from './runCommand.ts';
import {
  commandOf,
  readReport,
  resultsFile,
  suites,
  type Counts,
  type Failure,
  type Need,
  type Suite,
  type SuiteReport,
} from './testSuites.ts';

/** A suite that takes longer hangs. */
const suiteLimitMs = 20 * 60_000;
/** Of what a failed test says, in the list at the end. */
const linesOfFailure = 12;

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !suites.some(suite => suite.name === name));
if (unknown.length > 0) {
  say(`There is no suite ${unknown.join(', ')}; there are ${suites.map(suite => suite.name).join(', ')}.`);
  process.exit(2);
}
const chosen = suites.filter(suite => wanted.length === 0 || wanted.includes(suite.name));

const started = performance.now();
process.env['MUSTER_SEED'] ??= String(Date.now() % 1_000_000);
say(`Muster's tests: ${chosen.map(suite => suite.name).join(', ')}`);
say(`${cpus().length} cores, Node ${process.version}, samples chosen by MUSTER_SEED=${process.env['MUSTER_SEED']}`);
const missing = await provide(new Set(chosen.flatMap(suite => suite.needs)));
await mkdir(inRepository('out/results'), { recursive: true });
const unbundled = await attempt('Bundling Muster', () => bundleEverything(currentPlatform()));
if (unbundled === undefined) process.env['MUSTER_TEST_BUNDLED'] = 'true';

const totals = { passed: 0, failed: 0, skipped: 0 };
const remarks: string[] = [];
for (const suite of chosen) {
  const began = performance.now();
  const counts = await runSuite(suite);
  say(`  ${suite.name}: ${describe(counts)} (${secondsSince(began)} s)`);
  for (const failure of counts.failures) remarks.push(`✗ ${suite.name} > ${beginningOf(failure)}`);
  for (const failure of counts.unsteady)
    remarks.push(`… passed when tried once more: ${suite.name} > ${beginningOf(failure)}`);
  totals.passed += counts.passed;
  totals.failed += counts.failed;
  totals.skipped += counts.skipped;
}
// What happened in the first suite is far up by now.
for (const remark of remarks) say(remark);
say(`All suites: ${secondsSince(started)} s`);
console.log(describe(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;

async function provide(needs: ReadonlySet<Need>): Promise<ReadonlyMap<Need, string>> {
  // Where they cannot be had, the tests that use them are skipped and say why.
  if (chosen.some(({ name }) => name === 'integration'))
    await attempt('Checking git LFS and file systems', () =>
      provideSystemPackages({ browser: false, oddRepositories: true }),
    );
  const failures = new Map<Need, string>();
  const one = async (need: Need, name: string, work: () => Promise<unknown>) => {
    if (!needs.has(need)) return;
    const failure = await attempt(name, work);
    if (failure) failures.set(need, failure);
  };
  await one('browser', 'Checking system packages', () => provideSystemPackages({ browser: true }));
  await one('code-server', 'Checking code-server', provideCodeServer);
  await one('jupyter', 'Checking Jupyter', provideJupyter);
  await one('agents', 'Checking agent CLIs', provideAgents);
  return failures;
}

/** Does a step; says why it failed instead of throwing, so that the suites that can run do. */
async function attempt(name: string, work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await step(name, work);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say(`  failed: ${message}`);
    return message;
  }
}

async function runSuite(suite: Suite): Promise<SuiteReport> {
  say(`> ${suite.name}: ${suite.about}`);
  const lacking = suite.needs.find(need => missing.has(need));
  if (lacking) {
    const message = `cannot run without ${lacking}: ${missing.get(lacking)}`;
    say(`  ${message}`);
    return { passed: 0, failed: 1, skipped: 0, failures: [{ test: 'the suite itself', message }], unsteady: [] };
  }
  await rm(inRepository(resultsFile(suite)), { force: true });
  const { args, env } = commandOf(suite);
  try {
    const { exitCode } = await runCommand(process.execPath, args, {
      env: { ...process.env, ...env },
      accept: [0, 1],
      signal: AbortSignal.timeout(suiteLimitMs),
    });
    return await readReport(suite, exitCode);
  } catch (error) {
    say(`  ${suite.name} did not end well: ${String(error)}`);
    return readReport(suite, 1);
  }
}

function beginningOf({ test, message }: Failure): string {
  const lines = message.split('\n').slice(0, linesOfFailure);
  return [test, ...lines.map(line => `  ${line}`)].join('\n');
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 1000);
}

function describe({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
