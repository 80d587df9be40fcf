import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { buildPrograms, testHome, type Programs } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** A package whose machines do not boot. */
const packageThatFails = `
const builder = new Proxy({}, {
  get: (_, name) => name === 'create'
    ? () => Promise.reject(new Error('[BootStart] no virtualization'))
    : (...args) => (typeof args.at(-1) === 'function' && args.at(-1)(builder), builder),
});
const missing = () => Promise.reject(Object.assign(new Error('none'), { code: 'sandboxNotFound' }));
exports.Sandbox = { builder: () => builder, get: missing, listWith: async () => ({ sandboxes: [] }) };
exports.Image = { get: async () => ({}) };
`;

async function runInMachine(before: (stateDir: string) => void = () => undefined) {
  const root = tempDirectory('muster-microvm-');
  const [repository, stateDir] = [join(root, 'shop'), join(root, 'state')];
  mkdirSync(repository);
  before(stateDir);
  const home = testHome(programs, { stateDir });
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: repository, encoding: 'utf8' });
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Person');
  git('config', 'user.email', 'person@example.com');
  const providers = { mine: { command: 'true', output: { format: 'text' } } };
  const dev = { provider: 'mine', image: 'example.com/agents:1', driver: { microsandbox: {} } };
  writeFileSync(join(repository, 'agent-compose.yml'), stringify({ name: 'shop', providers, agents: { dev } }));
  git('add', '.');
  git('commit', '-q', '-m', 'Begin');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', 'Work'], { cwd: repository })) as {
    thread_id: string;
  };
  await home.muster(['wait', thread, '--timeout', '60'], { cwd: repository });
  const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
    threads: readonly { latest_run: { status: string; error: { code: string; message: string } } }[];
  };
  return { home, repository, stateDir, run: threads[0]?.latest_run };
}

test('a run whose runtime is not installed names the command that installs it, and so does doctor', async () => {
  const { home, repository, stateDir, run } = await runInMachine();
  const command = `npm install --prefix "${join(stateDir, 'runtimes')}" microsandbox@0.6.18`;
  expect(run).toMatchObject({ status: 'failed', error: { code: 'sandbox.unavailable' } });
  expect(run?.error.message).toContain(command);
  expect((await home.muster(['doctor'], { cwd: repository })).stdout).toContain(command);
});

test('one that is installed is loaded by what ships, and a machine that does not boot fails the run', async () => {
  const { run } = await runInMachine(stateDir => {
    const folder = join(stateDir, 'runtimes', 'node_modules', 'microsandbox');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'index.js'), packageThatFails);
  });
  expect(run).toMatchObject({ status: 'failed', error: { code: 'sandbox.unavailable' } });
  // Where there is no virtualization at all, that is said first.
  expect(run?.error.message).toMatch(/did not boot in microsandbox: \[BootStart\] no virtualization|need \/dev\/kvm/);
});
