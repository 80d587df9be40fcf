import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProviderRegistry } from '../../../../src/core/agents/providerRegistry.js';
import { digestEvent, emptyDigest } from '../../../../src/core/runs/runDigest.js';
import { simpleCommands } from '../../../../src/core/runs/shellCommands.js';
import { isTestRun, noTests, testBegun, testEnded, type TestRun } from '../../../../src/core/runs/testRuns.js';

describe('a command that runs tests', () => {
  it.each([
    'npm test',
    'npm t -- --run',
    'npm run test:unit',
    'npm --prefix web run test',
    'cd web && CI=1 npx vitest run src/a.test.ts 2>&1 | tail -20',
    'pnpm -F api test',
    'pnpm exec jest',
    'yarn test:e2e',
    'bun test',
    'node --test',
    'npx playwright test',
    'python3 -m pytest -q',
    'python -m unittest',
    'uv run pytest tests/',
    'poetry run pytest',
    'go test ./...',
    'go -C server test ./...',
    'cargo test --all',
    'cargo nextest run',
    'make -j8 test',
    'make check',
    'mvn -q clean verify',
    './mvnw test',
    './gradlew :app:testDebug',
    'gradle build check',
    'dotnet test',
    'bundle exec rspec',
    'vendor/bin/phpunit',
    'ctest --output-on-failure',
    '.ci/run',
    './scripts/run-tests.sh fast',
    'sh test.sh',
    'bash -lc "npm test"',
    'timeout 60 npm test',
    'set -e\nnpm ci\nnpm test',
    'if ! npm test; then echo no; fi',
  ])('%s', command => {
    expect(isTestRun(command)).toBe(true);
  });

  it.each([
    'npm install',
    'npm run build',
    'echo npm test',
    'grep -r "npm test" .',
    "cat > notes.md <<'EOF'\nnpm test\nEOF",
    'git commit -m "go test"',
    'ls test',
    'cat test/a.test.ts',
    'vitest --version',
    'pytest --collect-only',
    'go build ./...',
    'make',
    'test -f package.json',
    '# npm test',
    'python setup.py',
    '',
  ])('is not: %s', command => {
    expect(isTestRun(command)).toBe(false);
  });
});

describe('what it came to', () => {
  const ran = (command: string, result: Parameters<typeof testEnded>[1], failsAloud = false): TestRun | undefined => {
    const call = { callId: result.callId, category: 'command', title: command, failsAloud };
    return testEnded(testBegun(noTests, call), result).ended[0];
  };
  const ended = (exitCode: number) => ({ callId: '1', ok: exitCode === 0, exitCode });

  it('is what the exit code says, where that is the one of the tests', () => {
    expect(ran('npm test', ended(0))).toEqual({ command: 'npm test', result: 'passed', exitCode: 0 });
    expect(ran('cd web && npm test', ended(1))).toMatchObject({ result: 'failed', exitCode: 1 });
    expect(ran('npm test && npm run lint', ended(0))).toMatchObject({ result: 'passed' });
    expect(ran('set -o pipefail; npm test | tail', ended(2))).toMatchObject({ result: 'failed', exitCode: 2 });
  });

  it('is unknown where another command ended last, or hides how the tests ended', () => {
    for (const command of ['npm test | tail', 'npm test || true', 'npm test; echo done', 'npm test &']) {
      expect([command, ran(command, ended(0))?.result]).toEqual([command, 'unknown']);
    }
    expect(ran('npm test && npm run lint', ended(1))).toEqual({
      command: 'npm test && npm run lint',
      result: 'unknown',
    });
  });

  it('is unknown where the CLI does not say it: also a refused command fails', () => {
    expect(ran('npm test', { callId: '1', ok: true })).toMatchObject({ result: 'unknown' });
    expect(ran('npm test', { callId: '1', ok: false })).toMatchObject({ result: 'unknown' });
    expect(ran('npm test', { callId: '1', ok: true }, true)).toMatchObject({ result: 'passed', exitCode: 0 });
    expect(ran('npm test', { callId: '1', ok: false }, true)).toMatchObject({ result: 'unknown' });
    expect(ran('npm test', { callId: '1', ok: true, unfinished: true }, true)).toMatchObject({ result: 'unknown' });
  });

  it('is kept of each command the last time, with whether files changed since, and of the last ten commands', () => {
    let log = noTests;
    const run = (command: string, exitCode: number): void => {
      log = testEnded(testBegun(log, { callId: '1', category: 'command', title: command }), ended(exitCode));
    };
    run('npm test', 1);
    log = testBegun(log, { callId: '2', category: 'edit', title: 'a.ts' });
    expect(log.ended).toMatchObject([{ result: 'failed', beforeEdits: true }]);
    run('npm test', 0);
    expect(log.ended).toEqual([{ command: 'npm test', result: 'passed', exitCode: 0 }]);
    for (let index = 0; index < 12; index++) run(`pytest ${index}`, 0);
    expect(log.ended.map(({ command }) => command)).toEqual(Array.from({ length: 10 }, (_, i) => `pytest ${i + 2}`));
    run(`npm test ${'x'.repeat(50_000)}`, 0);
    expect(log.ended.at(-1)?.command.length).toBe(200);
  });
});

it('quotes, escapes, redirections and comments are read as a shell reads them', () => {
  expect(simpleCommands(`A="x y" 'npm test' \\\n a\\ b 2>&1 && c &> out # && d\n;e`)).toEqual([
    { words: ['A=x y', 'npm test', 'a b', '2>&1'], end: '&&' },
    { words: ['c', '&>', 'out'], end: ';' },
    { words: ['e'], end: '' },
  ]);
});

describe.each([
  ['claude', 'failed'],
  ['codex', 'failed'],
  ['opencode', 'failed'],
  // It tells of no exit code, and of a failed command as of any other.
  ['gemini', 'unknown'],
])('a recorded run of %s', (name, last) => {
  it('tells which tests it ran itself, and how they ended', () => {
    const file = join(import.meta.dirname, '../../../fixtures/transcripts', name, 'tests.ndjson');
    const { parse } = createProviderRegistry(new Map()).get(name);
    const events = readFileSync(file, 'utf8').split('\n').slice(0, -1).flatMap(parse);
    const first = last === 'unknown' ? { result: 'unknown' } : { result: 'passed', exitCode: 0 };
    expect(events.reduce(digestEvent, emptyDigest).tests).toEqual({
      ended: [
        { command: 'sh run-tests.sh fast', ...first, beforeEdits: true },
        { command: 'sh run-tests.sh all', result: last, ...(last === 'failed' && { exitCode: 1 }) },
      ],
      open: [],
    });
  });
});

it('keeps no more of a command than anybody looks at, however long it is', () => {
  const title = `npm test -- ${'x'.repeat(5_000_000)}`;
  const begun = testBegun(noTests, { callId: 'a', category: 'command', title, failsAloud: true });
  expect(JSON.stringify(begun).length).toBeLessThan(25_000);
  const { ended, open } = testEnded(begun, { callId: 'a', ok: true });
  expect(open).toEqual([]);
  expect(ended).toEqual([{ command: title.slice(0, 200), result: 'passed', exitCode: 0 }]);
});
