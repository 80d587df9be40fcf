import { readFile } from 'node:fs/promises';
import { inRepository } from './paths.ts';

/** What a suite cannot do without; provided before the first suite runs. */
export type Need = 'browser' | 'code-server' | 'agents' | 'jupyter';

export interface Suite {
  readonly name: string;
  readonly about: string;
  /** `vitest`: a project of vitest.config.ts with this name. `vscode`: the runner of `test/vscode`. */
  readonly runner: 'vitest' | 'vscode';
  readonly needs: readonly Need[];
}

/** In the order in which they run: what fails fastest and explains most comes first. */
export const suites: readonly Suite[] = [
  { name: 'architecture', about: 'types, lint, layers, bundles', runner: 'vitest', needs: [] },
  { name: 'unit', about: 'rules, parsers, views; nothing outside the process', runner: 'vitest', needs: [] },
  { name: 'contract', about: 'each port on its fake and on its driver', runner: 'vitest', needs: [] },
  { name: 'integration', about: 'real SQLite, git and processes', runner: 'vitest', needs: [] },
  { name: 'protocol', about: 'a real host over its real endpoint', runner: 'vitest', needs: [] },
  {
    name: 'notebooks',
    about: 'a real Jupyter server and kernel behind a real host',
    runner: 'vitest',
    needs: ['jupyter'],
  },
  { name: 'docker', about: 'agents in real containers', runner: 'vitest', needs: ['agents'] },
  { name: 'e2e', about: 'the real agent CLIs with a scripted model', runner: 'vitest', needs: ['agents'] },
  { name: 'webview', about: 'thread page and board in a browser', runner: 'vitest', needs: ['browser'] },
  {
    name: 'vscode',
    about: 'inside a real extension host',
    runner: 'vscode',
    needs: ['browser', 'code-server', 'jupyter'],
  },
  {
    name: 'journey',
    about: 'the packaged extension in the visible workbench',
    runner: 'vitest',
    needs: ['browser', 'code-server', 'jupyter', 'agents'],
  },
];

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Relative to the checkout. */
export function resultsFile(suite: Suite): string {
  return `out/results/${suite.name}.json`;
}

/** How to run it: arguments for Node, and environment on top of this process's. */
export function commandOf(suite: Suite): { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv } {
  const results = inRepository(resultsFile(suite));
  if (suite.runner === 'vscode')
    return { args: [inRepository('test/vscode/run.ts')], env: { MUSTER_TEST_RESULTS: results } };
  const vitest = inRepository('node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  return { args: [vitest, 'run', '--project', suite.name, ...reporters], env: {} };
}

/** What a suite reported. One that failed without a failed test, or ran no test at all, counts as one failure. */
export async function readCounts(suite: Suite, exitCode: number): Promise<Counts> {
  const report: unknown = await readFile(inRepository(resultsFile(suite)), 'utf8').then(JSON.parse, () => undefined);
  const number = (name: string): number => {
    const value = typeof report === 'object' && report !== null ? Reflect.get(report, name) : undefined;
    return typeof value === 'number' ? value : 0;
  };
  const counts =
    suite.runner === 'vscode'
      ? { passed: number('passed'), failed: number('failed'), skipped: number('skipped') }
      : {
          passed: number('numPassedTests'),
          failed: number('numFailedTests'),
          skipped: number('numPendingTests') + number('numTodoTests'),
        };
  const broken = counts.failed === 0 && (exitCode !== 0 || counts.passed === 0);
  return broken ? { ...counts, failed: 1 } : counts;
}
