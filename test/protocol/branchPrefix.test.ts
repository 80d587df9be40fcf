import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const compose = `name: shop
providers:
  echo: {command: cat, input: stdin, output: {format: text}, permissions: auto}
agents:
  usual: {provider: echo}
  own: {provider: echo, workspace: {branch_prefix: bots-}}
`;

async function branchesWith(prefix: string): Promise<readonly string[]> {
  const home = testHome(programs, { env: { MUSTER_BRANCH_PREFIX: prefix } });
  const repository = testRepository({ 'agent-compose.yml': compose });
  await home.muster(['up', '--yes'], { cwd: repository });
  const branches: string[] = [];
  for (const agent of ['usual', 'own']) {
    await home.muster(['dispatch', agent, '--wait', 'Say it'], { cwd: repository });
    const { threads } = (await home.musterJson(['ps', '--agent', agent], { cwd: repository })) as {
      threads: readonly { branch: string }[];
    };
    branches.push(threads[0]?.branch ?? '');
  }
  return branches;
}

test('branches begin as the host was told, unless the compose file says how', async () => {
  expect(await branchesWith('agents/')).toEqual([
    expect.stringMatching(/^agents\/say-it-/),
    expect.stringMatching(/^bots-say-it-/),
  ]);
});

test('what is no beginning of a branch name is as if nothing were said', async () => {
  expect((await branchesWith('../x'))[0]).toMatch(/^muster\/say-it-/);
});
