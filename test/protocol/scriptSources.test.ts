import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { isAppError } from '../../src/base/errors.js';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const signal = new AbortController().signal;

interface Source {
  readonly url: string;
  text: string;
  asked: number;
}

/** Somebody else's server, with a script that they may change. */
async function scriptServer(text: string): Promise<Source> {
  const source = { url: '', text, asked: 0 };
  const server = createServer((_, response) => {
    source.asked++;
    response.end(source.text);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  source.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/nightly.js`;
  return source;
}

const file = (script: string): string => `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat"]}
agents:
  worker:
    provider: shell
    scheduler:
      script: ${script}
`;

test('nothing is fetched before a person agreed to it, and what came is agreed to by its text', async () => {
  const source = await scriptServer('function main() { return 1 }');
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file(`{provider: http, url: "${source.url}"}`) });
  const client = await home.connect();
  const apply = async (agreed: { readonly consent: boolean; readonly submittedSpecHash: string }) => {
    try {
      await client.projects.applyProject({ file: join(repository, 'agent-compose.yml'), ...agreed }, { signal });
      return { reasons: [], hash: '' };
    } catch (error) {
      if (!isAppError(error, 'consent.required')) throw error;
      return { reasons: error.data.reasons, hash: error.data.specHash };
    }
  };

  const first = await apply({ consent: false, submittedSpecHash: '' });
  expect(first.reasons.join()).toContain(`is started by a script that is fetched from \`${source.url}\``);
  expect(first.reasons.join()).not.toContain('return 1');
  expect(source.asked).toBe(0);
  // Dry runs look at nothing either.
  await home.muster(['up', '--dry-run'], { cwd: repository });
  expect(source.asked).toBe(0);

  const second = await apply({ consent: true, submittedSpecHash: first.hash });
  expect(second.reasons.join()).toContain('is started by the script `function main() { return 1 }`');
  expect(second.reasons.join()).toContain(source.url);
  expect(source.asked).toBe(1);

  // What is served now is not what was agreed to.
  source.text = 'function main() { return 2 }';
  await expect(apply({ consent: true, submittedSpecHash: second.hash })).rejects.toMatchObject({
    code: 'project.conflict',
  });
  source.text = 'function main() { return 1 }';
  expect(await apply({ consent: true, submittedSpecHash: second.hash })).toMatchObject({ reasons: [] });

  const run = async (): Promise<string> => {
    const { script_run_id: id } = (await home.musterJson(['scheduler', 'trigger', 'worker'], { cwd: repository })) as {
      script_run_id: string;
    };
    return (await client.schedules.getScriptRun({ id, wait: true }, { signal })).run?.result ?? '';
  };
  expect(await run()).toBe('1');
  // The same text needs nobody, another one does; until then the old one runs.
  expect(await apply({ consent: false, submittedSpecHash: '' })).toMatchObject({ reasons: [] });
  source.text = 'function main() { return 2 }';
  expect((await apply({ consent: false, submittedSpecHash: '' })).reasons.join()).toContain('return 2');
  expect(await run()).toBe('1');
});

test('`up --yes` fetches from a repository and an address at once, and says why it cannot', async () => {
  const source = await scriptServer('function main() { return 3 }');
  const home = testHome(programs);
  const scripts = testRepository({ 'nightly.js': 'function main() { return "from git" }' }, { name: 'scripts' });
  const fromGit = testRepository({
    'agent-compose.yml': file(`{provider: git, url: "${scripts}", path: nightly.js, ref: main}`),
  });
  const up = await home.muster(['up', '--yes'], { cwd: fromGit });
  expect(up, up.stderr).toMatchObject({ status: 0 });
  const invoked = await home.muster(['scheduler', 'invoke', 'worker'], { cwd: fromGit });
  expect(invoked.stdout).toContain('from git');

  const address = testRepository(
    { 'agent-compose.yml': file(`{provider: http, url: "${source.url}"}`) },
    { name: 'b' },
  );
  expect(await home.muster(['up', '--yes'], { cwd: address })).toMatchObject({ status: 0 });
  source.text = 'const = 1';
  const wrong = await home.muster(['up', '--yes'], { cwd: address });
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringMatching(/nightly\.js:1:\d+: SyntaxError/) });
  source.text = ' ';
  expect((await home.muster(['up', '--yes'], { cwd: address })).stderr).toMatch(/nightly\.js is empty/);
  const nowhere = testRepository(
    { 'agent-compose.yml': file('{provider: http, url: "http://127.0.0.1:1/x.js"}') },
    { name: 'c' },
  );
  expect((await home.muster(['up', '--yes'], { cwd: nowhere })).stderr).toMatch(/x\.js cannot be fetched/);
});
