import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
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
  { name: 'cluster', about: 'agents in pods of a real cluster, where it was built', runner: 'vitest', needs: [] },
  { name: 'e2e', about: 'the real agent CLIs with a scripted model', runner: 'vitest', needs: ['agents'] },
  { name: 'webview', about: 'thread page and board in a browser', runner: 'vitest', needs: ['browser'] },
  { name: 'pages', about: 'the pages of a real host in a browser', runner: 'vitest', needs: ['browser'] },
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

/** A test that failed, in the words that the suite printed when it did. */
export interface Failure {
  readonly test: string;
  readonly message: string;
}

export interface SuiteReport extends Counts {
  readonly failures: readonly Failure[];
  /** Passed when they were tried once more, after this. */
  readonly unsteady: readonly Failure[];
}

/** What a suite reported. One that failed without a failed test, or ran no test at all, counts as one failure. */
export async function readReport(suite: Suite, exitCode: number): Promise<SuiteReport> {
  const report = new Report(await readFile(inRepository(resultsFile(suite)), 'utf8').then(JSON.parse, () => undefined));
  const read = suite.runner === 'vscode' ? ofVscode(report) : ofVitest(report);
  if (read.failed > 0 || (exitCode === 0 && read.passed > 0)) return read;
  const message =
    read.passed > 0 ? 'ended badly though no test failed; its last lines above say why' : 'did not run to its end';
  return { ...read, failed: 1, failures: [{ test: 'the suite itself', message }] };
}

function ofVscode(report: Report): SuiteReport {
  const tests = (name: string): Failure[] =>
    report.list(name).map(one => ({ test: one.text('test'), message: one.text('message') }));
  const [passed, failed, skipped] = [report.number('passed'), report.number('failed'), report.number('skipped')];
  return { passed, failed, skipped, failures: tests('failures'), unsteady: tests('unsteady') };
}

function ofVitest(report: Report): SuiteReport {
  const withFailures = (status: string): Failure[] =>
    report.list('testResults').flatMap(file => {
      const path = relative(inRepository(), file.text('name'));
      return file
        .list('assertionResults')
        .filter(one => one.text('status') === status && one.texts('failureMessages').length > 0)
        .map(one => ({
          test: `${path}: ${one.text('fullName')}`,
          message: one.texts('failureMessages').join('\n'),
        }));
    });
  return {
    passed: report.number('numPassedTests'),
    failed: report.number('numFailedTests'),
    skipped: report.number('numPendingTests') + report.number('numTodoTests'),
    failures: withFailures('failed'),
    unsteady: withFailures('passed'),
  };
}

/** A report that a suite wrote, or did not. */
class Report {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  number(name: string): number {
    const value = this.#field(name);
    return typeof value === 'number' ? value : 0;
  }

  text(name: string): string {
    const value = this.#field(name);
    return typeof value === 'string' ? value : '';
  }

  texts(name: string): string[] {
    return this.#items(name).filter(value => typeof value === 'string');
  }

  list(name: string): Report[] {
    return this.#items(name).map(value => new Report(value));
  }

  #items(name: string): readonly unknown[] {
    const value = this.#field(name);
    return Array.isArray(value) ? value : [];
  }

  #field(name: string): unknown {
    return typeof this.#value === 'object' && this.#value !== null ? Reflect.get(this.#value, name) : undefined;
  }
}
