import { availableParallelism } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ScriptEnd, ScriptReading, ScriptRequest } from '../../../src/core/scripts/scriptEngine.js';
import type { QuickjsEngine } from '../../../src/drivers/quickjs/quickjsEngine.js';
import { buildScriptEngine } from '../../support/scriptEngine.ts';

let engine: QuickjsEngine;
beforeAll(async () => {
  engine = await buildScriptEngine({ computeMs: 400, readMs: 400 });
});

const never = new AbortController().signal;
const read = async (source: string): Promise<ScriptReading> => await engine.read({ source, isWorkflow: false }, never);

interface Called {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Runs it; every call of the script is noted and answered with what `answers` has under its name. */
async function run(
  source: string,
  { answers = {}, ...more }: Partial<ScriptRequest> & { readonly answers?: Readonly<Record<string, unknown>> } = {},
): Promise<ScriptEnd & { readonly calls: readonly Called[] }> {
  const calls: Called[] = [];
  const call = async (name: string, args: readonly unknown[]): Promise<unknown> => {
    calls.push({ name, args });
    return answers[name];
  };
  return { ...(await engine.run({ source, isWorkflow: false, limitMs: 120_000, call, ...more }, never)), calls };
}

describe('reading a script', () => {
  test('finds what it registers, in every spelling', async () => {
    const reading = await read(`
      scheduler.interval('a', () => 1, 1000);
      setInterval(() => 2, 2000, 'b');
      scheduler.timeout(3000, () => 3, 'c');
      setTimeout('d', 4000, () => 4);
      scheduler.cron('e', '0 * * * *', () => 5, { timezone: 'Europe/Berlin' });
      scheduler.schedule('@daily', () => 6, { id: 'f', tz: 'UTC' });
      scheduler.cron('1 * * * *', () => 7, 'g');
      scheduler.on('webhook.*', 'h', () => 8);
      scheduler.addEventListener('external.a', () => 9, 'i');
      const gone = scheduler.interval(() => 0, 5);
      clearInterval(gone);
      async function main() {}`);
    expect(reading).toEqual({
      ok: true,
      hasMain: true,
      triggers: [
        { id: 'a', kind: 'interval', ms: 1000 },
        { id: 'b', kind: 'interval', ms: 2000 },
        { id: 'c', kind: 'timeout', ms: 3000 },
        { id: 'd', kind: 'timeout', ms: 4000 },
        { id: 'e', kind: 'cron', cron: '0 * * * *', timezone: 'Europe/Berlin' },
        { id: 'f', kind: 'cron', cron: '@daily', timezone: 'UTC' },
        { id: 'g', kind: 'cron', cron: '1 * * * *' },
        { id: 'h', kind: 'event', topic: 'webhook.*' },
        { id: 'i', kind: 'event', topic: 'external.a' },
      ],
    });
  });

  test('gives a trigger without a name the same one each time', async () => {
    const source = `scheduler.interval(() => 'x', 10); scheduler.interval(() => 'x', 10);`;
    const [first, second] = [await read(source), await read(source)];
    expect(first).toEqual(second);
    const ids = first.ok ? first.triggers.map(({ id }) => id) : [];
    expect(ids).toEqual([expect.stringMatching(/^auto-[0-9a-f]{12}$/), expect.stringMatching(/^auto-[0-9a-f]{12}$/)]);
    expect(new Set(ids).size).toBe(2);
  });

  test.each([
    ['no JavaScript', 'const a = 1;\nconst = 2;', /SyntaxError/, 2, 7],
    ['an exception', 'const a = 1;\n\n  nothing.here();', /ReferenceError.*nothing/, 3, expect.any(Number)],
    ['an effect', `scheduler.agent('x')`, /scheduler\.agent is unavailable during validation/, undefined, undefined],
    [
      'one name twice',
      `scheduler.on('a', 'x', () => 1);scheduler.on('b', 'x', () => 1)`,
      /duplicate scheduler trigger id "x"/,
      undefined,
      undefined,
    ],
    ['a wrong pause', `scheduler.interval(() => 1, 0)`, /requires a positive interval/, undefined, undefined],
  ])('refuses %s, and says where', async (_, source, message, line, column) => {
    const reading = await read(source);
    expect(reading).toMatchObject({ ok: false, fault: { kind: 'error', message: expect.stringMatching(message) } });
    if (line !== undefined) expect(reading).toMatchObject({ fault: { line, column } });
  });

  test('lets state and logs do nothing', async () => {
    expect(
      await read(
        `scheduler.log('x'); if (scheduler.state.get('a') !== undefined) throw 1; scheduler.state.set('a', 1)`,
      ),
    ).toMatchObject({ ok: true });
  });
});

test('a script that takes too much memory is told so', async () => {
  const patient = await buildScriptEngine({ computeMs: 60_000 });
  const source = `const all = []; while (true) all.push(new Array(1e5).fill(1))`;
  const end = await patient.run({ source, isWorkflow: false, limitMs: 60_000, call: async () => undefined }, never);
  expect(end).toMatchObject({ ok: false, fault: { kind: 'memory' } });
});

test('a script is not ended because the machine is busy: what counts is what it computes', async () => {
  const source = 'function main() { let n = 0; for (let i = 0; i < 3e6; i++) n = (n * 31 + i) % 65521; return n; }';
  const request = { source, isWorkflow: false, limitMs: 600_000, call: async () => undefined };
  const patient = await buildScriptEngine({ computeMs: 600_000 });
  const began = performance.now();
  const alone = await patient.run(request, never);
  const tookAlone = performance.now() - began;
  // By the clock each of these takes many times as long as alone.
  const many = Array.from({ length: 8 * availableParallelism() });
  const busy = await buildScriptEngine({ computeMs: 3 * tookAlone });
  const ends = await Promise.all(many.map(async () => await busy.run(request, never)));
  expect(alone).toMatchObject({ ok: true });
  expect(new Set(ends.map(end => JSON.stringify(end)))).toEqual(new Set([JSON.stringify(alone)]));
});

describe('running a script', () => {
  test('calls the callback of the trigger with its argument and takes what it returns', async () => {
    const source = `scheduler.on('a', 'x', async event => ({ seen: event.payload.n + 1 })); scheduler.on('b', 'y', () => 0)`;
    expect(await run(source, { trigger: 'x', argument: '{"payload":{"n":1}}' })).toMatchObject({
      ok: true,
      result: '{"seen":2}',
    });
    expect(await run(source, { trigger: 'z' })).toMatchObject({
      fault: { message: expect.stringMatching(/trigger z not found/) },
    });
    expect(await run(source)).toMatchObject({ fault: { message: expect.stringMatching(/multiple triggers/) } });
  });

  test('prefers main, else takes the only trigger', async () => {
    expect(
      await run(`scheduler.interval(() => 'i', 1); const main = p => 'main ' + p`, { argument: '"x"' }),
    ).toMatchObject({ result: '"main x"' });
    expect(await run(`scheduler.interval(() => 'only', 1)`)).toMatchObject({ result: '"only"' });
    expect(await run('')).toMatchObject({ fault: { message: expect.stringMatching(/does not register any trigger/) } });
  });

  test('stands still while the host works, and gets values, not promises', async () => {
    const source = `function main() {
      const first = scheduler.agent('one', { title: 't' });
      const second = scheduler.agent('after ' + first.text);
      const shell = scheduler.shell('ls', { cwd: '/' });
      const told = scheduler.event.publish('runtime.x', { a: 1 });
      scheduler.state.set('k', { n: NaN, b: 10n });
      console.warn('careful', { a: 1 });
      return [second.text, shell.exitCode, told.sequence, scheduler.state.get('k')];
    }`;
    const end = await run(source, {
      answers: {
        'agent': { text: 'hi' },
        'shell': { exitCode: 3 },
        'event.publish': { sequence: 7 },
        'state.get': 'kept',
      },
    });
    expect(end).toMatchObject({ ok: true, result: '["hi",3,7,"kept"]' });
    expect(end.calls).toEqual([
      { name: 'agent', args: ['one', { title: 't' }] },
      { name: 'agent', args: ['after hi', {}] },
      { name: 'shell', args: ['ls', { cwd: '/' }] },
      { name: 'event.publish', args: ['runtime.x', { a: 1 }] },
      { name: 'state.set', args: ['k', { n: 'NaN', b: '10' }] },
      { name: 'log', args: ['careful {"a":1}', { level: 'warn' }] },
      { name: 'state.get', args: ['k'] },
    ]);
  });

  test('throws in the script what the host refuses, and the script may catch it', async () => {
    const call = async (): Promise<never> => Promise.reject(new Error('the agent failed'));
    const source = `function main() { try { scheduler.agent('x') } catch (error) { return 'caught ' + error.message } }`;
    expect(await run(source, { call })).toMatchObject({ result: '"caught the agent failed"' });
    expect(await run(`function main() {\n  scheduler.agent('x');\n}`, { call })).toMatchObject({
      fault: { kind: 'error', message: 'Error: the agent failed' },
    });
  });

  test('checks an answer against a schema, ours or JSON schema', async () => {
    const source = `const schema = scheduler.z.object({ n: scheduler.z.number(), tags: scheduler.z.array(scheduler.z.enum(['a', 'b'])) });
      function main() { return scheduler.agent('x', { outputSchema: schema }).json.n }`;
    expect(await run(source, { answers: { agent: { json: { n: 4, tags: ['a'] } } } })).toMatchObject({ result: '4' });
    const [asked] = (await run(source, { answers: { agent: { json: { n: 4, tags: [] } } } })).calls;
    expect(asked?.args[1]).toEqual({
      outputSchema: {
        type: 'object',
        properties: { n: { type: 'number' }, tags: { type: 'array', items: { enum: ['a', 'b'] } } },
        required: ['n', 'tags'],
        additionalProperties: false,
      },
    });
    const wrong = [{ n: 'x', tags: [] }, { tags: [] }, { n: 1, tags: [], more: 1 }, { n: 1, tags: ['c'] }];
    const messages = await Promise.all(wrong.map(async json => await run(source, { answers: { agent: { json } } })));
    expect(messages.map(end => (end.ok ? '' : end.fault.message))).toEqual([
      'TypeError: expected number',
      'TypeError: missing required property n',
      'TypeError: unexpected property more',
      'TypeError: expected one of a, b',
    ]);
  });

  test.each([
    ['a loop', `while (true) {}`, 'deadline'],
    ['a loop of promises', `(function again() { Promise.resolve().then(again) })()`, 'deadline'],
    ['a slow regular expression', `/^(a+)+$/.test('a'.repeat(40) + 'b')`, 'deadline'],
    ['a heap that grows', `const all = []; while (true) all.push('x'.repeat(1e6) + all.length)`, undefined],
    ['a text that doubles', `let s = 'x'; while (true) s += s`, undefined],
    ['endless recursion', `(function again() { again() })()`, 'error'],
    ['a large array buffer', `new ArrayBuffer(1e9)`, undefined],
    ['a thrown proxy', `throw new Proxy({}, { get() { while (true) {} } })`, undefined],
    ['null', `throw null`, 'error'],
    ['a promise that stays open', `globalThis.main = () => new Promise(() => {})`, undefined],
    ['deep JSON', `JSON.parse('['.repeat(1e6))`, 'error'],
    ['a deep tree', `let t = []; for (let i = 0; i < 1e6; i++) t = [t]; globalThis.main = () => t`, undefined],
    ['a huge result', `globalThis.main = () => 'x'.repeat(5e6)`, undefined],
  ])('survives %s', async (_, source, kind) => {
    let turns = 0;
    const ticking = setInterval(() => turns++, 10);
    const end = await run(source);
    clearInterval(ticking);
    expect(end).toMatchObject({ ok: false, fault: kind === undefined ? {} : { kind } });
    // The thread of the host went on meanwhile.
    expect(turns).toBeGreaterThan(0);
    expect(await run('const main = () => 1')).toMatchObject({ result: '1' });
  });

  test.each([
    `typeof process + typeof require + typeof module + typeof Buffer + typeof fetch + typeof XMLHttpRequest + typeof WebAssembly + typeof Deno + typeof std + typeof os`,
    `(() => {}).constructor('return typeof process')()`,
    `scheduler.log.constructor('return typeof process')()`,
    `this.constructor.constructor('return typeof process')()`,
    `Function.prototype.constructor('return typeof require')()`,
    `(0, eval)('typeof process')`,
    `(() => { try { null.x } catch (e) { return e.constructor.constructor('return typeof process')() } })()`,
    `Object.getOwnPropertyNames(globalThis).filter(n => /process|require|worker|wasm|module|fs/i.test(n)).join() || 'undefined'`,
  ])('finds nothing of Node: %s', async expression => {
    const end = await run(`const main = () => ${expression}`);
    expect(end.ok && end.result?.replaceAll('undefined', '')).toBe('""');
  });

  test.each([`import('node:fs')`, `import('./x.js')`, `import('https://example.com/x.js')`])(
    '%s imports nothing',
    async expression => {
      expect(await run(`const main = () => ${expression}.then(() => 'imported')`)).toMatchObject({ ok: false });
      expect(await run(`import fs from 'fs'; const main = () => 1`)).toMatchObject({ ok: false });
    },
  );

  test('that changes what is built in changes its own world alone', async () => {
    await run(
      `JSON.parse = () => ({ value: 'forged' }); Array.prototype.find = null; Object.prototype.polluted = 1; Map.prototype.set = null; const main = () => 1`,
    );
    expect(await run(`const main = () => String({}.polluted)`)).toMatchObject({ result: '"undefined"' });
    expect('polluted' in {}).toBe(false);
  });

  test('ends when it is told to, also while the host works for it', async () => {
    const abort = new AbortController();
    const begun = Promise.withResolvers<void>();
    const call = async (): Promise<void> => {
      begun.resolve();
      await new Promise(() => undefined);
    };
    const ending = engine.run(
      { source: `const main = () => scheduler.agent('x')`, isWorkflow: false, limitMs: 60_000, call },
      abort.signal,
    );
    await begun.promise;
    abort.abort();
    expect(await ending).toMatchObject({ fault: { kind: 'cancelled' } });
    const late = engine.run(
      { isWorkflow: false, source: `const main = () => scheduler.agent('x')`, limitMs: 300, call },
      never,
    );
    expect(await late).toMatchObject({ fault: { kind: 'deadline' } });
  });
});
