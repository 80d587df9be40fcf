import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const compose = (name: string): string => `name: ${name}
providers:
  echo: {command: cat, input: stdin, output: {format: text}, permissions: auto}
agents:
  echo: {provider: echo, workspace: {fetch: always}}
`;

function gitIn(cwd: string, ...args: readonly string[]): void {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  execFileSync('git', [...identity, ...args], { cwd, stdio: 'pipe' });
}

test('whoever waits for a task on a base that is behind its upstream is told so, and scripts read what they did', async () => {
  const home = testHome(programs);
  const upstream = testRepository({ 'agent-compose.yml': compose('shop') }, { name: 'upstream' });
  const repository = testRepository({}, { name: 'behind' });
  gitIn(repository, 'remote', 'add', 'origin', upstream);
  gitIn(repository, 'fetch', '-q');
  gitIn(repository, 'reset', '-q', '--hard', 'origin/main');
  gitIn(repository, 'branch', '-q', '--set-upstream-to', 'origin/main');
  for (const text of ['Second', 'Third']) gitIn(upstream, 'commit', '-q', '--allow-empty', '-m', text);
  await home.muster(['up', '--yes'], { cwd: repository });
  const note = 'note: main is 2 commits behind origin/main. Start from that with `--base origin/main`.';
  const dispatched = await home.muster(['dispatch', 'echo', '--wait', 'Say it'], { cwd: repository });
  expect(dispatched.stderr).toContain(note);
  expect(dispatched.stdout).toMatch(/^\w+ ready, nothing changed\n$/);
  const [thread = ''] = dispatched.stdout.split(' ');
  const waited = await home.muster(['wait', thread], { cwd: repository });
  expect(waited.stderr).toContain(note);
  expect(waited.stdout).toBe(dispatched.stdout);
});

test('ps lists the threads of the project of its folder, also of one that was taken down, and all of them elsewhere', async () => {
  const home = testHome(programs);
  const shop = testRepository({ 'agent-compose.yml': compose('shop'), 'src/a.ts': '' }, { name: 'shop' });
  const bank = testRepository({ 'agent-compose.yml': compose('bank') }, { name: 'bank' });
  for (const cwd of [shop, bank]) {
    await home.muster(['up', '--yes'], { cwd });
    await home.muster(['dispatch', 'echo', '--wait', `Task of ${basename(cwd)}`], { cwd });
  }
  const listed = async (cwd: string): Promise<unknown> => {
    const { project, threads } = (await home.musterJson(['ps'], { cwd })) as {
      project: { name: string } | null;
      threads: readonly { summary: string }[];
    };
    return [project?.name, threads.map(({ summary }) => summary).toSorted()];
  };
  expect(await listed(shop)).toEqual(['shop', ['Task of shop']]);
  expect(await listed(`${shop}/src`)).toEqual(['shop', ['Task of shop']]);
  expect(await listed(home.stateDir)).toEqual([undefined, ['Task of bank', 'Task of shop']]);
  await home.muster(['down'], { cwd: shop });
  expect(await listed(shop)).toEqual(['shop', ['Task of shop']]);
});
