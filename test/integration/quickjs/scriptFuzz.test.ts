import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { QuickjsEngine } from '../../../src/drivers/quickjs/quickjsEngine.js';
import { buildScriptEngine } from '../../support/scriptEngine.ts';

let engine: QuickjsEngine;
beforeAll(async () => {
  engine = await buildScriptEngine({ computeMs: 150, readMs: 150 });
});

/** `MUSTER_FUZZ_SCRIPTS=10000` for the long run. */
const count = Number(process.env['MUSTER_FUZZ_SCRIPTS'] ?? '60');

const words = [
  'scheduler',
  'scheduler.agent("x")',
  'scheduler.interval(() => 1, 5)',
  'scheduler.state',
  'scheduler.z.object({})',
  'globalThis',
  'this',
  'Function("return this")()',
  'eval("1")',
  'async () => {',
  'function f() {',
  '}',
  '{',
  '(',
  ')',
  '[',
  ']',
  ';',
  ',',
  '=>',
  '=',
  '...',
  'await ',
  'yield ',
  'new ',
  'delete ',
  'throw ',
  'try {',
  'catch (e) {',
  'finally {',
  'while (true)',
  'for (;;)',
  'if (1)',
  'class A extends ',
  'super()',
  'import("x")',
  'export ',
  'new Proxy({}, { get: () => f })',
  'Object.defineProperty(globalThis, "scheduler", {})',
  'Symbol.iterator',
  'Promise.resolve().then(f)',
  '"x".repeat(1e7)',
  'new Array(1e9)',
  'new ArrayBuffer(1e8)',
  'new SharedArrayBuffer(1e6)',
  'Atomics.wait',
  'JSON.parse("[".repeat(1e5))',
  '/(a+)+$/.test("a".repeat(30) + "b")',
  'null.x',
  '1n ** 100000n',
  '`${',
  '`',
  '"',
  "'",
  '\\u{1F600}',
  '\0',
  '/*',
  '//',
  '\n',
  'Reflect.ownKeys(globalThis)',
  'f.caller',
  'arguments.callee',
  'constructor.constructor',
  '__proto__',
  'f()',
  'main = f',
  'const main = ',
  'WeakRef',
  'label:',
  '#x in {}',
];

const script = fc.oneof(
  fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 6 })), { maxLength: 30 })
    .map(parts => parts.join(' ')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

test(
  `${count} random scripts end as scripts end, and the thread of the host goes on`,
  { timeout: 3_600_000 },
  async () => {
    const kinds = new Map<string, number>();
    let longestPause = 0;
    let last = performance.now();
    const ticking = setInterval(() => {
      longestPause = Math.max(longestPause, performance.now() - last);
      last = performance.now();
    }, 5);
    const call = async (): Promise<string> => 'answer';
    await fc.assert(
      fc.asyncProperty(script, async source => {
        const end = await engine.run({ source, limitMs: 5_000, call }, new AbortController().signal);
        const kind = end.ok ? 'ok' : end.fault.kind;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        // The engine itself never fails; what a script can do is throw, take too long or take too much.
        expect(['ok', 'error', 'deadline', 'memory']).toContain(kind);
      }),
      { numRuns: count, seed: 20_261_126 },
    );
    clearInterval(ticking);
    if (count > 1_000)
      process.stderr.write(`${JSON.stringify({ count, longestPause, kinds: Object.fromEntries(kinds) })}\n`);
    expect([...kinds.values()].reduce((sum, each) => sum + each, 0)).toBe(count);
  },
);
