import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { writeModelSettings } from '../support/agents/agentHost.js';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';
import { startModelServer } from '../support/modelServer/modelServer.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const key = `key-${randomBytes(20).toString('hex')}`;

/** Prints everything it can find, and calls its model once. */
const compose = `
name: keys
providers:
  curious:
    command: bash
    args:
      - -c
      - |
        env; cat /proc/self/environ | tr '\\0' '\\n'; cat spec.json 2>/dev/null
        node -e '
          const post = { method: "POST", headers: { authorization: "Bearer " + process.env.OPENAI_API_KEY }, body: JSON.stringify({ model: "gpt-5", stream: true, messages: [{ role: "user", content: "Say hello" }] }) };
          fetch(process.env.OPENAI_BASE_URL + "/chat/completions", post).then(async answer => console.log(answer.status, await answer.text()));'
    output: {format: text}
agents:
  dev:
    provider: curious
    llm: facade
    env:
      OPENAI_API_KEY: {value: "\${OPENAI_API_KEY}", secret: true}
      MINE: {value: "prefix \${OPENAI_API_KEY}", secret: true}
`;

test('a run through the host that prints its whole environment shows no key, and the key is nowhere on disk', async () => {
  const model = await startModelServer([{ prompt: 'Say hello', steps: [{ text: 'Hello.' }] }]);
  const home = testHome(programs);
  const user = home.env['HOME'] ?? '';
  writeFileSync(
    join(user, '.profile'),
    `export OPENAI_API_KEY='${key}' ALIAS='${key}' ANTHROPIC_API_KEY='${key}' SAFE=kept\n`,
  );
  writeFileSync(join(user, '.bash_profile'), '. "$HOME/.profile"\n');
  mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
  writeModelSettings(home.stateDir, model.url);
  const repository = testRepository({ 'agent-compose.yml': compose });
  const applied = await home.muster(['up', '--yes'], { cwd: repository, env: { OPENAI_API_KEY: key } });
  expect(applied, applied.stderr).toMatchObject({ status: 0 });
  const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', 'Tell all'], { cwd: repository })) as {
    thread_id: string;
  };
  const waited = await home.muster(['wait', thread], { cwd: repository });
  expect(waited, waited.stderr).toMatchObject({ status: 0 });

  const told = (await home.muster(['logs', thread, '--raw'], { cwd: repository })).stdout;
  expect(told).toContain('SAFE=kept');
  expect(told).toMatch(/OPENAI_BASE_URL=http:\/\/127\.0\.0\.1:\d+\/openai\/v1/);
  expect(told).not.toContain('ALIAS=');
  expect(told).toContain('200 ');
  expect(told).toContain('Hello.');
  // The upstream alone got it.
  expect(model.requests.map(({ credential }) => credential)).toEqual([key]);

  const files = readdirSync(home.stateDir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    expect(readFileSync(join(file.parentPath, file.name), 'latin1'), file.name).not.toContain(key);
  }
  // Neither is the token, once the run has ended; and it opens nothing.
  const printed = /OPENAI_API_KEY=(\S*)/.exec(told)?.[1] ?? '';
  expect(printed).toMatch(/^\*+$/);
  const { upstreams } = (await home.musterJson(['models'])) as {
    upstreams: { name: string; key_source: string | null }[];
  };
  expect(upstreams.find(({ name }) => name === 'openai')?.key_source).toBe('the variable OPENAI_API_KEY');
  await model.close();
});

test('an agent whose key is nowhere to be found does not start, and says what to do', async () => {
  const home = testHome(programs);
  const repository = testRepository({
    'agent-compose.yml': 'name: keys\nagents: {dev: {provider: claude, llm: facade}}\n',
  });
  const user = home.env['HOME'] ?? '';
  mkdirSync(join(user, 'bin'));
  writeFileSync(join(user, 'bin', 'claude'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  writeFileSync(
    join(user, '.profile'),
    `unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN; export PATH="$HOME/bin:$PATH"\n`,
  );
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  await home.musterJson(['dispatch', 'dev', 'Hello'], { cwd: repository }).catch(() => undefined);
  await expect
    .poll(async () => (await home.muster(['ps', '--all', '--json'], { cwd: repository })).stdout, { timeout: 20_000 })
    .toContain('model.keyMissing');
  const { stdout } = await home.muster(['ps', '--all', '--json'], { cwd: repository });
  expect(stdout).toContain('Export ANTHROPIC_API_KEY');
  expect(stdout).toContain('models.json');
});

test('a command of the file’s own does not start when no upstream has a key', async () => {
  const home = testHome(programs);
  mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
  writeModelSettings(home.stateDir, 'http://127.0.0.1:9');
  const file = `name: keyless
providers:
  own: {command: sh, args: ["-c", "echo started > started.txt"]}
agents:
  dev: {provider: own, llm: facade}
`;
  const repository = testRepository({ 'agent-compose.yml': file });
  await home.muster(['up', '--yes'], { cwd: repository });
  const ended = await home.muster(['dispatch', 'dev', 'Start', '--wait'], { cwd: repository });
  expect(ended.status).not.toBe(0);
  expect(ended.stdout + ended.stderr).toMatch(/key/i);
  const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
    threads: readonly { files_changed?: number }[];
  };
  expect(threads[0]?.files_changed ?? 0).toBe(0);
});
