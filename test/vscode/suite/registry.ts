/**
 * A test framework of one page, for code that runs inside the extension host: `test(name, work)` registers, `runAll` runs
 * one after the other and prints a line each, as results come.
 */
export interface TestContext {
  /** Aborts when the test's time is up. */
  readonly signal: AbortSignal;
  /** Runs after the test, last registered first, whether it passed or not. */
  readonly after: (cleanUp: () => unknown) => void;
}

export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
  /** Passed when they were tried once more, after this. */
  readonly unsteady: readonly Failure[];
}

interface Failure {
  readonly test: string;
  readonly message: string;
}

interface RegisteredTest {
  readonly name: string;
  readonly timeoutMs: number;
  readonly work: (context: TestContext) => Promise<void>;
}

const registered: RegisteredTest[] = [];

/** What a test whose time is up may take to say what it waited for. */
const graceMs = 1_000;

/** Registers a test. Throw {@link SkipTest} to skip it with a reason that is printed. */
export function test(
  name: string,
  work: (context: TestContext) => Promise<void>,
  options: { readonly timeoutMs?: number } = {},
): void {
  registered.push({ name, work, timeoutMs: options.timeoutMs ?? 60_000 });
}

export class SkipTest extends Error {
  override readonly name = 'SkipTest';
}

export async function runAll(print: (line: string) => void): Promise<SuiteResult> {
  const result = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  const unsteady: Failure[] = [];
  // The windows of VS Code, its git and its terminals have a timing of their own: where nobody watches, once more, and named as such.
  const triesAgain = process.env['CI'] === 'true';
  const only = process.env['MUSTER_VSCODE_ONLY'];
  for (const entry of registered.filter(({ name }) => !only || new RegExp(only).test(name))) {
    const started = performance.now();
    let outcome = await runOne(entry);
    let before = '';
    if (triesAgain && outcome !== undefined && !(outcome instanceof SkipTest)) {
      const message = describe(outcome);
      print(`  … ${entry.name}: once more, after\n${message}`);
      outcome = await runOne(entry);
      if (outcome === undefined) unsteady.push({ test: entry.name, message });
      else before = `${message}\nand, tried once more, after:\n`;
    }
    const took = `${Math.round(performance.now() - started)} ms`;
    if (outcome === undefined) {
      result.passed++;
      print(`  ✓ ${entry.name} (${took})`);
    } else if (outcome instanceof SkipTest) {
      result.skipped++;
      print(`  - ${entry.name}: skipped, ${outcome.message}`);
    } else {
      result.failed++;
      failures.push({ test: entry.name, message: before + describe(outcome) });
      print(`  ✗ ${entry.name} (${took})\n${describe(outcome)}`);
    }
  }
  return { ...result, failures, unsteady };
}

/** What it failed with, or undefined. */
async function runOne({ work, timeoutMs }: RegisteredTest): Promise<unknown> {
  const cleanUps: (() => unknown)[] = [];
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`not finished after ${timeoutMs} ms`)), timeoutMs);
  const { signal } = controller;
  const timedOut = new Promise<never>((_, reject) => {
    // A moment later: what the test itself says it was waiting for tells more.
    signal.addEventListener('abort', () => setTimeout(reject, graceMs, signal.reason));
  });
  let outcome: unknown;
  try {
    await Promise.race([work({ signal, after: cleanUp => cleanUps.push(cleanUp) }), timedOut]);
  } catch (error) {
    outcome = error;
  } finally {
    clearTimeout(timer);
  }
  for (const cleanUp of cleanUps.toReversed()) {
    try {
      await cleanUp();
    } catch (error) {
      outcome ??= error;
    }
  }
  return outcome;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
}

/** Waits until `condition` returns something other than undefined or false; asks again whenever the event loop is free. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (signal.aborted) throw new Error(`still waiting for: ${what}`, { cause: signal.reason });
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}
