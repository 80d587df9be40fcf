import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { writeModelSettings } from '../support/agents/agentHost.js';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';
import { startModelServer } from '../support/modelServer/modelServer.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

test('a model is asked once: words, JSON that fits a schema, errors and the budget of the day', async () => {
  const model = await startModelServer([
    { prompt: 'Say hello', steps: [{ text: 'Hello.' }] },
    { prompt: 'Name a cat', steps: [{ text: '```json\n{"name": "Mieze"}\n```' }] },
    { prompt: 'No JSON', steps: [{ text: 'I would rather not.' }] },
    { prompt: 'Refuse', steps: [{ error: { status: 429, message: 'slow down' } }] },
  ]);
  const home = testHome(programs);
  const user = home.env['HOME'] ?? '';
  writeFileSync(
    join(user, '.profile'),
    `export OPENAI_API_KEY=key-0123456789 ANTHROPIC_API_KEY=key-9876543210 LLM_MODEL=gpt-5\n`,
  );
  mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
  writeModelSettings(home.stateDir, model.url);
  const schema = join(user, 'schema.json');
  writeFileSync(schema, '{"type":"object","properties":{"name":{"type":"string"}}}');

  expect(await home.muster(['llm', 'Say', 'hello'])).toMatchObject({ status: 0, stdout: 'Hello.\n' });
  expect(await home.muster(['llm', '--model', 'claude-sonnet-4-5'], { input: 'Say hello' })).toMatchObject({
    stdout: 'Hello.\n',
  });
  expect(model.requests.map(({ api, credential }) => [api, credential])).toEqual([
    ['responses', 'key-0123456789'],
    ['anthropic', 'key-9876543210'],
  ]);
  expect(await home.musterJson(['llm', '--schema', schema, 'Name a cat'])).toEqual({
    text: expect.stringContaining('Mieze') as string,
    model: 'gpt-5',
    response_id: expect.stringMatching(/^muster_/) as string,
    finish_reason: 'stop',
    json: { name: 'Mieze' },
  });
  const words = await home.muster(['llm', '--schema', schema, 'No JSON']);
  expect(words.status).not.toBe(0);
  expect(words.stderr).toContain('did not answer with JSON');
  const refused = await home.muster(['llm', 'Refuse']);
  expect(refused.stderr).toMatch(/openai answered 429: slow down/);
  const unknown = await home.muster(['llm', '--upstream', 'nobody', 'Say hello']);
  expect(unknown.stderr).toMatch(/no upstream nobody.*anthropic/);

  const shop = testRepository({
    'agent-compose.yml': `name: shop
agents:
  worker:
    provider: demo
    scheduler:
      script: |
        function main() {
          const cat = scheduler.llm('Name a cat', { outputSchema: { type: 'object' } });
          return { name: cat.json.name, said: scheduler.llm('Say hello', { model: 'gpt-5' }).text };
        }
`,
  });
  expect(await home.muster(['up', '--yes'], { cwd: shop })).toMatchObject({ status: 0 });
  const fired = await home.musterJson(['scheduler', 'trigger', 'worker'], { cwd: shop });
  const client = await home.connect();
  const { script_run_id: id } = fired as { script_run_id: string };
  const { run } = await client.schedules.getScriptRun({ id, wait: true });
  expect(run).toMatchObject({ result: '{"name":"Mieze","said":"Hello."}' });

  const { calls } = (await home.musterJson(['models', 'calls'])) as { calls: { run_id: unknown; status: number }[] };
  expect(calls.map(({ run_id: run, status }) => [run, status])).toEqual([
    [null, 200],
    [null, 200],
    [null, 429],
    [null, 200],
    [null, 200],
    [null, 200],
    [null, 200],
  ]);
  writeModelSettings(home.stateDir, model.url, { budget: { tokens_per_day: 100 } });
  const spent = await home.muster(['llm', 'Say hello']);
  expect(spent.status).not.toBe(0);
  expect(spent.stderr).toContain('budget.tokens_per_day of models.json');
  await model.close();
});
