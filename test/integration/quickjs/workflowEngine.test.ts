import { beforeAll, describe, expect, test } from 'vitest';
import type { ScriptEnd } from '../../../src/core/scripts/scriptEngine.js';
import type { QuickjsEngine } from '../../../src/drivers/quickjs/quickjsEngine.js';
import { buildScriptEngine } from '../../support/scriptEngine.ts';

let engine: QuickjsEngine;
beforeAll(async () => {
  engine = await buildScriptEngine({ computeMs: 500, readMs: 500 });
});

const never = new AbortController().signal;
const meta = `export const meta = { name: 'w', description: 'd' };\n`;

interface Told {
  readonly end: ScriptEnd;
  /** Prompts in the order in which the agents were begun. */
  readonly asked: readonly string[];
  readonly keys: readonly string[];
  readonly logs: readonly string[];
}

type Agent = (prompt: string, options: Readonly<Record<string, unknown>>) => Promise<unknown>;

const echo: Agent = async prompt => ({ text: `did ${prompt}`, json: { prompt } });

async function flow(body: string, agent: Agent = echo, args: unknown = null): Promise<Told> {
  const asked: string[] = [];
  const keys: string[] = [];
  const logs: string[] = [];
  const call = async (name: string, [first, second]: readonly unknown[]): Promise<unknown> => {
    if (name === 'begun') return { cwd: '/project', args, budget: 100 };
    if (name === 'budget.spent') return 40;
    if (name === 'log' || name === 'phase') logs.push(`${name} ${String(first)}`);
    if (name !== 'agent') return undefined;
    asked.push(String(first));
    const options = second as Readonly<Record<string, unknown>>;
    keys.push(String(options['key']));
    return await agent(String(first), options);
  };
  const end = await engine.run({ source: meta + body, isWorkflow: true, limitMs: 120_000, call }, never);
  return { end, asked, keys, logs };
}

const result = ({ end }: Told): unknown => (end.ok ? JSON.parse(end.result ?? 'null') : end.fault);

describe('a workflow', () => {
  test('awaits agents, gives back what it returns, and knows what is around it', async () => {
    const told = await flow(
      `phase('Look');
       log('begins');
       const text = await agent('one', { label: 'first' });
       return { text, args, cwd, total: budget.total, spent: budget.spent(), left: budget.remaining() };`,
      echo,
      { n: 1 },
    );
    expect(result(told)).toEqual({
      text: 'did one',
      args: { n: 1 },
      cwd: '/project',
      total: 100,
      spent: 40,
      left: 60,
    });
    expect(told.logs).toEqual(['phase Look', 'log begins']);
  });

  test('lets agents work side by side, and takes null for one that fails', async () => {
    const begun = Promise.withResolvers<void>();
    let waiting = 0;
    const told = await flow(
      `return await parallel([() => agent('a'), () => agent('bad'), async () => (await agent('c')) + '!']);`,
      async prompt => {
        if (++waiting === 3) begun.resolve();
        await begun.promise;
        if (prompt === 'bad') throw new Error('no');
        return { text: prompt };
      },
    );
    expect(result(told)).toEqual(['a', null, 'c!']);
    expect(told.logs).toEqual(['log failed: no']);
  });

  test('sends each item through all stages by itself', async () => {
    const order: string[] = [];
    const slow = Promise.withResolvers<void>();
    const told = await flow(
      `return await pipeline(['x', 'y'], item => agent('look ' + item), (found, item, index) => agent('mend ' + item + index + found));`,
      async prompt => {
        order.push(prompt);
        if (prompt === 'look x') await slow.promise;
        if (prompt.startsWith('mend y')) slow.resolve();
        return { text: prompt.length };
      },
    );
    expect(result(told)).toEqual([8, 8]);
    expect(order).toEqual(['look x', 'look y', 'mend y16', 'mend x06']);
  });

  test('names its calls by what they say, so that each is found again', async () => {
    const body = `await agent('a'); await agent('a'); await agent('b', { key: 'mine' }); await parallel([() => agent('c'), () => agent('d')]);`;
    const first = await flow(body);
    const second = await flow(body);
    expect(first.keys).toEqual(second.keys);
    expect(new Set(first.keys).size).toBe(5);
    expect(first.keys[2]).toBe('mine');
    expect(result(await flow(`await agent('a', { key: 'k' }); await agent('b', { key: 'k' });`))).toMatchObject({
      message: expect.stringMatching(/two calls of the workflow have the key "k"/),
    });
  });

  test('checks an answer against its schema', async () => {
    const told = await flow(`return await agent('x', { schema: z.object({ prompt: z.string() }) });`);
    expect(result(told)).toEqual({ prompt: 'x' });
    const wrong = await flow(`return await agent('x', { schema: z.object({ prompt: z.number() }) });`);
    expect(result(wrong)).toMatchObject({ message: expect.stringMatching(/expected number/) });
  });

  test.each([
    ['Date.now()', /Date\.now is not there/],
    ['new Date()', /the present time is not there/],
    ['Date()', /the present time is not there/],
    ['Math.random()', /Math\.random is not there/],
    ['new (new Date(0).constructor)()', /the present time is not there/],
    ['require("fs")', /require/],
    ['await import("node:fs")', /./],
    ['scheduler.shell("ls")', /scheduler/],
  ])('cannot call %s', async (code, message) => {
    expect(result(await flow(`return ${code};`))).toMatchObject({ message: expect.stringMatching(message) });
  });

  test('may make a date of what it was given', async () => {
    expect(
      result(await flow(`return [new Date(0).toISOString(), Date.UTC(2030, 0), new Date(5) instanceof Date];`)),
    ).toEqual(['1970-01-01T00:00:00.000Z', Date.UTC(2030, 0), true]);
  });

  test('may say in a comment what its first statement says', async () => {
    const source = `// export const meta = {}\n/* export const meta */\n${meta}return meta.name;`;
    const call = async (): Promise<object> => ({ cwd: '/', args: null, budget: null });
    expect(await engine.run({ source, isWorkflow: true, limitMs: 120_000, call }, never)).toEqual({
      ok: true,
      result: '"w"',
    });
  });

  test('that waits for nothing ends, and a loop is ended', async () => {
    expect(result(await flow(`await new Promise(() => {});`))).toMatchObject({
      message: expect.stringMatching(/waits for something that never comes/),
    });
    expect(result(await flow(`await agent('x'); for (;;);`))).toMatchObject({ kind: 'deadline' });
  });

  test('is told its mistakes by its own lines', async () => {
    const reading = await engine.read({ source: `${meta}const a = 1;\nconst = 2;`, isWorkflow: true }, never);
    expect(reading).toMatchObject({ ok: false, fault: { line: 3, message: expect.stringMatching(/SyntaxError/) } });
    expect(result(await flow(`\nnothing();`))).toMatchObject({ line: 3 });
    expect(await engine.read({ source: `${meta}await agent('x'); return 1;`, isWorkflow: true }, never)).toEqual({
      ok: true,
      triggers: [],
      hasMain: true,
    });
  });
});
