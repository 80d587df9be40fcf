import { maxShellText, simpleCommands, type SimpleCommand } from './shellCommands.js';

/** A test that an agent ran itself, by what its CLI said of it. It is what the agent did, and proves nothing: see `merge.verify`. */
export interface TestRun {
  /** As the agent wrote it, at most {@link maxCommand} characters. */
  readonly command: string;
  /** `unknown`: its CLI does not say how it ended, or the exit code is that of something else (`npm test | tail`). */
  readonly result: 'passed' | 'failed' | 'unknown';
  readonly exitCode?: number;
  /** The agent has changed files since. */
  readonly beforeEdits?: boolean;
}

/** What a run has done of tests, while it works. */
export interface TestLog {
  /** Of each command the last time. */
  readonly ended: readonly TestRun[];
  /** Calls without a result yet. */
  readonly open: readonly OpenTest[];
}

interface OpenTest {
  readonly callId: string;
  readonly command: string;
  /** Without an exit code a good result means 0. */
  readonly failsAloud: boolean;
}

export const noTests: TestLog = { ended: [], open: [] };

const maxCommand = 200;
/** More than a person reads. */
const maxTests = 10;

/** A tool was called. */
export function testBegun(
  log: TestLog,
  call: { readonly callId: string; readonly category: string; readonly title: string; readonly failsAloud?: boolean },
): TestLog {
  if (call.category === 'edit' && log.ended.length > 0) {
    return { ...log, ended: log.ended.map(test => ({ ...test, beforeEdits: true })) };
  }
  if (call.category !== 'command' || !isTestRun(call.title)) return log;
  const command = call.title.slice(0, maxShellText);
  const open: OpenTest = { callId: call.callId, command, failsAloud: call.failsAloud === true };
  return { ...log, open: [...log.open, open].slice(-maxTests) };
}

/** A tool has answered. */
export function testEnded(
  log: TestLog,
  answer: { readonly callId: string; readonly ok: boolean; readonly exitCode?: number; readonly unfinished?: boolean },
): TestLog {
  const call = log.open.find(({ callId }) => callId === answer.callId);
  if (!call) return log;
  const assumed = call.failsAloud && answer.ok && answer.unfinished !== true ? 0 : undefined;
  const exitCode = answer.exitCode ?? assumed;
  const told = exitCode !== undefined && saysHowTestsEnded(call.command, exitCode) ? exitCode : undefined;
  const test: TestRun = {
    command: oneLine(call.command),
    result: told === undefined ? 'unknown' : told === 0 ? 'passed' : 'failed',
    ...(told === undefined ? {} : { exitCode: told }),
  };
  const others = log.ended.filter(({ command }) => command !== test.command);
  return {
    ended: [...others, test].slice(-maxTests),
    open: log.open.filter(each => each !== call),
  };
}

/** True for a shell command that runs tests. */
export function isTestRun(text: string): boolean {
  return simpleCommands(text).some(isTest);
}

/** Whether the exit code of the whole text is that of its tests. */
function saysHowTestsEnded(text: string, exitCode: number): boolean {
  const commands = simpleCommands(text);
  const tests = commands.flatMap((command, index) => (isTest(command) ? [index] : []));
  const ends = commands.slice(tests[0]).map(({ end }) => end);
  const pipe = commands.some(({ words }) => words[0] === 'set' && words.includes('pipefail')) ? '|' : undefined;
  // Everything was good, or the text would have stopped there.
  if (exitCode === 0) return ends.every(operator => operator === '&&' || operator === '' || operator === pipe);
  // Nothing else can have failed, as far as one can tell.
  return tests.length === 1 && ends.every(operator => operator === '' || operator === pipe);
}

/** Starts another program, whose words follow. */
const wrappers: ReadonlySet<string> = new Set([
  ...[
    'time',
    'nice',
    'nohup',
    'sudo',
    'env',
    'command',
    'exec',
    'timeout',
    'xvfb-run',
    'stdbuf',
    'npx',
    'pnpx',
    'bunx',
  ],
  ...['dotenv', 'cross-env', 'if', 'then', 'do', '!'],
]);
/** Word pairs that do the same. */
const wrapperPairs: ReadonlySet<string> = new Set([
  ...['npm exec', 'pnpm exec', 'pnpm dlx', 'yarn exec', 'yarn dlx', 'bun x', 'bun run', 'bundle exec', 'uv run'],
  ...[
    'poetry run',
    'pipenv run',
    'hatch run',
    'rye run',
    'pdm run',
    'python -m',
    'python3 -m',
    'coverage run',
    'nyc --',
  ],
]);
/** Programs that do nothing else. */
const runners: ReadonlySet<string> = new Set([
  ...[
    'vitest',
    'jest',
    'mocha',
    'ava',
    'tap',
    'karma',
    'jasmine',
    'pytest',
    'py.test',
    'unittest',
    'tox',
    'nox',
    'rspec',
  ],
  ...['phpunit', 'pest', 'ctest', 'nosetests', 'bats', 'busted', 'gotestsum', 'c8', 'wtr'],
]);
/** Programs that do other things as well: the word that says so comes first after their options. */
const subcommands: Readonly<Record<string, RegExp>> = {
  npm: /^(?:t|tst|test|it)$/,
  pnpm: /^(?:t|test|vitest|jest|mocha)$/,
  yarn: /^(?:test|vitest|jest|mocha)(?:$|:)/,
  bun: /^test$/,
  deno: /^test$/,
  go: /^test$/,
  cargo: /^(?:test|t|nextest)$/,
  dotnet: /^test$/,
  swift: /^test$/,
  mix: /^test$/,
  rails: /^test/,
  rake: /^(?:test|spec)/,
  composer: /^test/,
  bazel: /^test$/,
  sbt: /^test/,
  make: /^(?:test|check)/,
  just: /^(?:test|check)/,
  task: /^test/,
  mvn: /^(?:test|verify|integration-test)$/,
  mvnw: /^(?:test|verify|integration-test)$/,
  gradle: /(?:^|:)(?:test|check)\w*$/,
  gradlew: /(?:^|:)(?:test|check)\w*$/,
  playwright: /^test$/,
  cypress: /^run$/,
  nx: /^test$/,
  turbo: /^test$/,
};
/** Scripts of a package that run tests, and programs of a repository that do. */
const testScript = /^(?:(?:run[-_])?(?:tests?|specs?|e2e|unit|integration)(?:[-_:.].*)?|.*[-_:]tests?)$/;
const onlyAsked = new Set(['--version', '--help', '-h', '--collect-only', '--co', '--listTests', '--list', '-V']);

function isTest({ words }: SimpleCommand): boolean {
  const [program = '', ...args] = unwrapped(words);
  if (args.some(word => onlyAsked.has(word))) return false;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const shell = /^(?:ba|z|da)?sh$/.test(name);
  if (shell && /^-\w*c$/.test(args[0] ?? '')) return isTestRun(args[1] ?? '');
  if (runners.has(name)) return true;
  if (name === 'node') return args.includes('--test');
  const [first = '', second = ''] = args.filter((word, index) => !isOption(word, args[index - 1]));
  if (/^(?:npm|pnpm|yarn)$/.test(name) && /^run(?:-script)?$/.test(first)) return testScript.test(second);
  const runs = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  // Several goals and targets may be asked for at once.
  if (runs)
    return name === 'mvn' || name.startsWith('gradle') || name === 'mvnw'
      ? args.some(arg => runs.test(arg))
      : runs.test(first);
  return isTestProgram(shell || /^python\d?$/.test(name) ? first : program);
}

/** A script of the repository: `./test.sh`, `scripts/run-tests`, `.ci/run`. */
function isTestProgram(path: string): boolean {
  if (!path.includes('/') && !/\.\w+$/.test(path)) return false;
  const base = path.slice(path.lastIndexOf('/') + 1);
  return testScript.test(base) || /(?:^|\/)\.?ci\/[\w.-]+$/.test(path);
}

/** Without variables, programs that start others, and their options. */
function unwrapped(words: readonly string[]): readonly string[] {
  let rest = words;
  for (;;) {
    const [first = '', second = ''] = rest;
    if (wrapperPairs.has(`${first} ${second}`)) rest = rest.slice(2);
    else if (/^[A-Za-z_]\w*=/.test(first) || wrappers.has(first)) rest = afterOptions(first, rest.slice(1));
    else return rest;
  }
}

function afterOptions(wrapper: string, words: readonly string[]): readonly string[] {
  if (!wrappers.has(wrapper)) return words;
  const index = words.findIndex(word => !word.startsWith('-') && !/^\d+[smh]?$/.test(word));
  return index < 0 ? [] : words.slice(index);
}

/** True for an option, and for the value of one that has it behind. */
function isOption(word: string, before: string | undefined): boolean {
  if (word.startsWith('-')) return true;
  return (
    before !== undefined &&
    /^(?:--prefix|--workspace|--filter|--dir|--cwd|-w|-C|-F|-f|-p|-j|--manifest-path)$/.test(before)
  );
}

function oneLine(text: string): string {
  return text
    .slice(0, maxCommand * 4)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxCommand);
}
