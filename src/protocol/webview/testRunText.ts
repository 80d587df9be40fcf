import type { TestRunView } from './threadView.js';

/** Of an agent's own tests, together. */
export const testsOutcomes = ['passed', 'passedBeforeEdits', 'failed', 'unknown'] as const;
export type TestsOutcome = (typeof testsOutcomes)[number];

/** Words for what an agent's own tests came to, `{0}` being the command and so on: of `webviewStrings`, translated or not. */
export interface TestRunWords {
  readonly 'test.passed': string;
  readonly 'test.failed': string;
  readonly 'test.unknown': string;
  readonly 'test.beforeEdits': string;
}

/** `npm test: passed, before its last edits`. `say`: puts values into one of the words. */
export function testRunText(
  { command, result, exitCode, beforeEdits }: TestRunView,
  say: (word: keyof TestRunWords, ...values: readonly (string | number)[]) => string,
): string {
  const text =
    result === 'passed'
      ? say('test.passed', command)
      : result === 'failed'
        ? say('test.failed', command, exitCode ?? '?')
        : say('test.unknown', command);
  return beforeEdits === true ? say('test.beforeEdits', text) : text;
}

/** What all of them came to, for lists; undefined: it ran none. */
export function testsOutcome(tests: readonly Pick<TestRunView, 'result' | 'beforeEdits'>[]): TestsOutcome | undefined {
  if (tests.length === 0) return undefined;
  if (tests.some(({ result }) => result === 'failed')) return 'failed';
  if (tests.some(({ result }) => result !== 'passed')) return 'unknown';
  return tests.some(({ beforeEdits }) => beforeEdits === true) ? 'passedBeforeEdits' : 'passed';
}
