import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectHost } from '../../../src/client/hostClient.js';
import { startHost } from '../../../src/host/bootstrap.js';
import { runPath } from '../../../src/host/environment/runPath.js';
import { testRepository } from '../../support/hostProcess.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const compose = JSON.stringify({ name: 'shop', agents: { dev: { provider: 'claude', model: 'none' } } });

/** A `claude` that tells which one it is, and a result. */
function claudeIn(folder: string, name: string): string {
  mkdirSync(folder, { recursive: true });
  const lines = [
    { type: 'system', subtype: 'init', session_id: 'c1' },
    { type: 'result', subtype: 'success', is_error: false, result: name },
  ];
  const file = join(folder, 'claude');
  writeFileSync(file, `#!/bin/sh\n${lines.map(line => `echo '${JSON.stringify(line)}'`).join('\n')}\n`);
  chmodSync(file, 0o755);
  return folder;
}

async function dispatchedWith(path: string, repository: string) {
  const stateDir = tempDirectory();
  const host = await startHost({ stateDir, mode: 'embedded', distDir: '/nowhere' });
  const client = await connectHost({ stateDir, signal: new AbortController().signal });
  onTestFinished(async () => {
    client.dispose();
    host.shutdown('the test is over');
    await host.ended;
  });
  await client.projects.applyProject({ file: join(repository, 'agent-compose.yml') });
  const { runId } = await client.threads.dispatch({
    folder: repository,
    agent: 'dev',
    prompt: 'Do it',
    environment: { PATH: path },
  });
  const run = async () => (await client.runs.getRun({ runId })).run;
  await expect.poll(async () => (await run())?.status, { timeout: 60_000 }).toMatch(/succeeded|failed/);
  return await run();
}

test('where a CLI was looked for is said as it was: a plain PATH is not the login shell’s', () => {
  const place = { client: '/venv/bin', shell: '/usr/bin', foreign: [] };
  expect(runPath(place).sources.map(({ whose }) => whose)).toContain('of your login shell');
  const plain = runPath({ ...place, trouble: '/bin/zsh did not tell its environment (`exec zsh`)' });
  expect(plain.sources.map(({ whose }) => whose).join()).toContain('because your login shell /bin/zsh did not tell');
});

describe('the CLI of an agent', () => {
  test('is found where the terminal that dispatched finds it', async () => {
    const terminal = claudeIn(join(tempDirectory(), 'bin'), 'of the terminal');
    expect(
      await dispatchedWith(`${terminal}:/usr/bin:/bin`, testRepository({ 'agent-compose.yml': compose })),
    ).toMatchObject({
      status: 'succeeded',
      answer: 'of the terminal',
    });
  });

  test('is never one of the worktree or the repository, however PATH says it', async () => {
    const evil = '#!/bin/sh\ntouch "$0.ran"\n';
    const repository = testRepository({
      'agent-compose.yml': compose,
      'node_modules/.bin/claude': evil,
      'bin/claude': evil,
    });
    for (const file of ['node_modules/.bin/claude', 'bin/claude']) chmodSync(join(repository, file), 0o755);
    const link = tempDirectory();
    symlinkSync(join(repository, 'bin/claude'), join(link, 'claude'));
    const real = claudeIn(join(tempDirectory(), 'bin'), 'of the user');
    const path = ['./node_modules/.bin', 'bin', '', join(repository, 'bin'), link, real].join(':');
    expect(await dispatchedWith(path, repository)).toMatchObject({ status: 'succeeded', answer: 'of the user' });
  });

  test('that is nowhere is an error that says where it was looked for', async () => {
    const path = join(tempDirectory(), 'nothing');
    const run = await dispatchedWith(
      path,
      testRepository({ 'agent-compose.yml': compose.replace('claude', 'opencode') }),
    );
    expect(run).toMatchObject({ status: 'failed', error: { code: 'provider.missing' } });
    expect(run?.error?.message).toContain(`the PATH of the terminal or window that dispatched (${path})`);
    expect(run?.error?.message).toContain('the PATH of your login shell (');
  });
});

test('PATH is the client’s folders, then the login shell’s; nothing relative and nothing that agents write', () => {
  const { value, sources } = runPath({
    client: '/venv/bin:./bin:/state/worktrees/t1/bin:/usr/bin:',
    shell: '/home/ada/bin:/usr/bin:/bin',
    foreign: ['/state/worktrees'],
  });
  expect(value).toBe('/venv/bin:/usr/bin:/home/ada/bin:/bin');
  expect(sources.map(({ folders }) => folders)).toEqual([
    ['/venv/bin', '/usr/bin'],
    ['/home/ada/bin', '/bin'],
  ]);
});
