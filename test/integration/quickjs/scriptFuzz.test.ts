import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { QuickjsEngine } from '../../../src/drivers/quickjs/quickjsEngine.js';
import { buildScriptEngine } from '../../support/scriptEngine.ts';

let engine: QuickjsEngine;
beforeAll(async () => {
  engine = await buildScriptEngine({ computeMs: 150, readMs: 150 });
});

/** `MUSTER_FUZZ_SCRIPTS=10000` for the long run, `MUSTER_FUZZ_SEED` for other scripts than the last time. */
const count = Number(process.env['MUSTER_FUZZ_SCRIPTS'] ?? '60');
const seed = Number(process.env['MUSTER_FUZZ_SEED'] ?? '20261126');

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

const names = ['a', 'b', 'c', 'f', 'g'];
const values = [
  '0',
  '-1',
  '1e308',
  '2n ** 64n',
  '""',
  '"\\ud800"',
  '[]',
  '({})',
  'null',
  'undefined',
  'NaN',
  '/x/gu',
  'Symbol()',
  'globalThis',
  'scheduler',
  'new Map([[1, 2]])',
  'new Uint8Array(64)',
  'Object.create(null)',
  'function* () { yield 1; }()',
  'new Proxy({}, {})',
];
const built = [
  'Array.from({ length: a & 1023 }, f)',
  'structuredClone',
  'JSON.stringify(a)',
  'JSON.parse(JSON.stringify(b) ?? "1")',
  'Object.setPrototypeOf(a, b)',
  'Reflect.construct(Object, [], f)',
  'new Function("a", "return " + typeof a)',
  'String.raw({ raw: [a, b] })',
  '"x".padEnd(a & 4095, "y").split("")',
  '[3, 1, 2].sort(f)',
  'scheduler.state.get("k")',
  'scheduler.state.set("k", a)',
  'scheduler.log("l", a)',
  'scheduler.agent("x", { outputSchema: a })',
  'scheduler.exec({ command: "x", args: [a] })',
  'scheduler.event.publish("runtime.x", { a })',
  'scheduler.interval(f, 5)',
  'scheduler.z.object({ a: scheduler.z.array(scheduler.z.string()) }).parse(a)',
];

/** Programs that are JavaScript: they get further than words in any order. */
const { program } = fc.letrec<{ expression: string; statement: string; program: string }>(tie => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...values, ...names, ...built),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '*', '**', '??', '&&', 'in', 'instanceof', '===', ','),
        tie('expression'),
      )
      .map(([left, operator, right]) => `((${left}) ${operator} (${right}))`),
    fc.tuple(tie('expression'), tie('expression')).map(([callee, given]) => `(${callee})?.(${given})`),
    fc.tuple(tie('expression'), tie('expression')).map(([object, key]) => `(${object})?.[${key}]`),
    fc.tuple(fc.constantFrom(...names), tie('expression')).map(([name, value]) => `(${name} = ${value})`),
    tie('statement').map(body => `((...a) => { ${body} })`),
    tie('statement').map(body => `(async function () { ${body} })`),
    fc.array(tie('expression'), { maxLength: 3 }).map(items => `[${items.map(item => `(${item})`).join(', ')}]`),
    tie('expression').map(value => `\`x\${${value}}\``),
    tie('expression').map(
      value => `new (class { #x = ${value}; get [Symbol.toPrimitive]() { return () => this.#x; } })()`,
    ),
  ),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('expression').map(value => `${value};`),
    tie('expression').map(value => `return ${value};`),
    tie('expression').map(value => `throw ${value};`),
    fc.tuple(tie('statement'), tie('statement')).map(parts => parts.join('\n')),
    fc
      .tuple(tie('statement'), tie('statement'))
      .map(([tried, caught]) => `try { ${tried} } catch (b) { ${caught} } finally { c = b; }`),
    fc.tuple(tie('expression'), tie('statement')).map(([test, body]) => `if (${test}) { ${body} }`),
    fc
      .tuple(tie('expression'), tie('statement'))
      .map(([many, body]) => `for (const a of [].concat(${many})) { ${body} }`),
    tie('statement').map(body => `for (let i = 0; i < 1000; i++) { ${body} }`),
    tie('statement').map(body => `function g(a, b) { ${body} }`),
  ),
  program: fc
    .tuple(fc.array(tie('statement'), { maxLength: 5 }), tie('statement'))
    .map(
      ([first, last]) =>
        `var a, b, c, f = () => a, g = f;\n(function () { ${first.join('\n')} })();\nfunction main(a) { ${last} }`,
    ),
}));

const script = fc.oneof(
  { arbitrary: program, weight: 3 },
  fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 6 })), { maxLength: 30 })
    .map(parts => parts.join(' ')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

test(
  `${count} random scripts end as scripts end, and the thread of the host goes on`,
  { timeout: 6 * 3_600_000 },
  async () => {
    const kinds = new Map<string, number>();
    let longestPause = 0;
    let last = performance.now();
    const ticking = setInterval(() => {
      longestPause = Math.max(longestPause, performance.now() - last);
      last = performance.now();
    }, 5);
    const call = async (name: string): Promise<unknown> =>
      name === 'begun' ? { cwd: '/', args: null, budget: null } : 'answer';
    await fc.assert(
      fc.asyncProperty(script, fc.boolean(), async (text, isWorkflow) => {
        const source = isWorkflow ? `export const meta = { name: 'w', description: 'd' };\n${text}` : text;
        const end = await engine.run({ source, isWorkflow, limitMs: 5_000, call }, new AbortController().signal);
        const kind = end.ok ? 'ok' : end.fault.kind;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        // The engine itself never fails; what a script can do is throw, take too long or take too much.
        expect(['ok', 'error', 'deadline', 'memory']).toContain(kind);
      }),
      { numRuns: count, seed },
    );
    clearInterval(ticking);
    if (count > 1_000)
      process.stderr.write(`${JSON.stringify({ count, seed, longestPause, kinds: Object.fromEntries(kinds) })}\n`);
    expect([...kinds.values()].reduce((sum, each) => sum + each, 0)).toBe(count);
  },
);
