import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runInProcess } from '../../support/cliRunner.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

/** A home, a repository `shop` in it, and a PATH on which only git and what the test puts there is found. */
function setUp(...clis: readonly string[]) {
  const home = tempDirectory();
  const bin = join(home, 'bin');
  const folder = join(home, 'My Shop');
  const stateDir = join(home, 'state');
  for (const each of [bin, folder, stateDir]) mkdirSync(each, { mode: 0o700 });
  execFileSync('git', ['init', '--quiet'], { cwd: folder });
  for (const name of clis) {
    writeFileSync(join(bin, name), '#!/bin/sh\nexit 0\n');
    chmodSync(join(bin, name), 0o755);
  }
  const run = async (
    args: readonly string[],
    more: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
  ) =>
    await runInProcess(args, {
      stateDir,
      cwd: more.cwd ?? folder,
      env: { HOME: home, PATH: `${bin}:/usr/bin:/bin`, ...more.env },
    });
  const file = join(folder, 'agent-compose.yml');
  return { home, folder, stateDir, file, run, text: () => readFileSync(file, 'utf8') };
}

const checksOf = (stdout: string) =>
  (JSON.parse(stdout) as { ok: boolean; checks: { name: string; status: string; detail: string }[] }).checks;

describe('muster init', () => {
  test('writes a file with the first agent that is installed, which the checker takes', async () => {
    const { run, text } = setUp('codex', 'gemini');
    expect(await run(['init'])).toMatchObject({ status: 0 });
    expect(text()).toContain('name: my-shop');
    expect(text()).toContain('provider: "codex"');
    expect(await run(['config', '--quiet'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('takes the demo agent where none is installed, and what it is told otherwise', async () => {
    const { run, text } = setUp();
    expect(JSON.parse((await run(['init', '--json'])).stdout)).toMatchObject({ provider: 'demo', agent: 'dev' });
    const args = ['init', '--force', '--minimal', '--agent', 'coder', '--provider', 'claude', '--model', 'a: b'];
    expect(await run(args)).toMatchObject({ status: 0 });
    expect(text()).toBe('name: my-shop\nagents:\n  coder:\n    provider: "claude"\n    model: "a: b"\n');
    expect(await run(['config', '--quiet'])).toMatchObject({ status: 0 });
  });

  test('replaces no file that is there, unless it is told to', async () => {
    const { run, file, text } = setUp('claude');
    writeFileSync(file, 'mine\n');
    const refused = await run(['init', '--non-interactive']);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--force replaces it') as string });
    expect(text()).toBe('mine\n');
    expect(await run(['init', '--force'])).toMatchObject({ status: 0 });
    expect(text()).toContain('agents:');
  });

  test('says that agents need a repository, and refuses a name that is none', async () => {
    const { run, home } = setUp('claude');
    expect((await run(['init'], { cwd: home })).stderr).toContain('in no git repository');
    expect(await run(['init', '--force', '--agent', 'a b'])).toMatchObject({ status: 2 });
  });
});

describe('muster doctor', () => {
  test('finds what is there, starts no host, and tells what is not', async () => {
    const { run, stateDir } = setUp('claude', 'codex');
    await run(['init']);
    const { status, stdout } = await run(['doctor', '--json'], { env: { OPENAI_API_KEY: 'x' } });
    expect(status).toBe(0);
    const found = new Map(checksOf(stdout).map(({ name, status: each }) => [name, each]));
    expect(Object.fromEntries(found)).toMatchObject({
      'git': 'ok',
      'repository': 'ok',
      'compose file': 'ok',
      'Claude Code': 'warn',
      'Codex': 'ok',
      'host': 'ok',
      'state directory': 'ok',
    });
    expect(existsSync(join(stateDir, 'endpoint.json'))).toBe(false);
    expect(stdout).not.toContain('"x"');
  });

  test('asks each CLI for one word only where it is told to, in a folder with nothing in it', async () => {
    const { run, home } = setUp('claude', 'codex', 'gemini');
    const answering = (name: string, script: string): void =>
      writeFileSync(
        join(home, 'bin', name),
        `#!/bin/sh\n[ "$1" = mcp ] && exit 0\necho "$PWD $(ls -A | wc -l) $*" >>"$HOME/asked"\n${script}\n`,
      );
    answering('claude', 'cat; echo Pong.');
    answering('codex', 'echo "Not logged in" >&2; exit 1');
    answering('gemini', 'echo Hello');
    const names = ['Claude Code answers', 'Codex answers', 'Gemini CLI answers'];
    const told = async (...args: readonly string[]) =>
      checksOf((await run(['doctor', '--json', ...args])).stdout).filter(({ name }) => names.includes(name));
    expect(await told()).toEqual([]);
    expect(existsSync(join(home, 'asked'))).toBe(false);
    expect(await told('--ping')).toMatchObject([
      { name: names[0], status: 'ok' },
      { name: names[1], status: 'fail', detail: 'Not logged in' },
      { name: names[2], status: 'warn' },
    ]);
    const asked = readFileSync(join(home, 'asked'), 'utf8').trim().split('\n');
    expect(asked).toHaveLength(3);
    for (const line of asked) expect(line).toMatch(/^\S*muster-ping-\w+ 0 -?-?\w.* Answer with the single word pong/);
    expect(existsSync(asked[0]?.split(' ')[0] ?? '')).toBe(false);
  });

  test('fails for a file with errors, and only warns for what may not be needed', async () => {
    const { run, file } = setUp();
    const { status, stdout } = await run(['doctor']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/! compose file: .*\n {4}`muster init` writes one\./);
    expect(stdout).toContain('no coding CLI is on the PATH');
    writeFileSync(file, 'agents: {dev: {provider: nobody}}\n');
    const broken = await run(['doctor']);
    expect(broken.status).toBe(1);
    expect(broken.stdout).toMatch(/✗ compose file: .*nobody/);
  });

  test.skipIf(process.platform === 'win32')(
    'mends who may read the state directory, and registers the MCP server',
    async () => {
      const { run, home, stateDir } = setUp('claude');
      chmodSync(stateDir, 0o755);
      mkdirSync(join(home, '.cursor'));
      const names = async (...args: readonly string[]) =>
        checksOf((await run(['doctor', '--json', ...args])).stdout).flatMap(({ name, status }) =>
          status === 'warn' ? [name] : [],
        );
      expect(await names()).toEqual(expect.arrayContaining(['state directory', 'MCP in Cursor']));
      const mended = await names('--fix');
      expect(mended).not.toContain('state directory');
      expect(mended).not.toContain('MCP in Cursor');
      expect(statSync(stateDir).mode & 0o777).toBe(0o700);
      expect(readFileSync(join(home, '.cursor', 'mcp.json'), 'utf8')).toContain('muster');
    },
  );
});

describe('muster import compas', () => {
  test('writes a file that the checker takes, and tells what became of each field', async () => {
    const { run, home, text } = setUp();
    mkdirSync(join(home, '.compas'));
    writeFileSync(join(home, '.compas', 'dev.md'), 'Be careful.\n');
    writeFileSync(
      join(home, '.compas', 'config.yaml'),
      'default_workdir: /elsewhere\nagents: [{alias: dev, backend: claude, safety_mode: auto_approve, prompt_file: dev.md}]\nnotifications: {desktop: true}\n',
    );
    const { status, stdout, stderr } = await run(['import', 'compas']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/agents\[0\]\.safety_mode +changed +permissions: auto/);
    expect(stdout).toMatch(/notifications +dropped/);
    expect(stderr).toContain('/elsewhere');
    expect(text()).toContain('Be careful.');
    expect(await run(['config', '--quiet'])).toMatchObject({ status: 0 });
    expect(await run(['import', 'compas'])).toMatchObject({ status: 2 });
    expect((await run(['import', 'compas', '--output', '-'])).stdout).toBe(text());
    expect(await run(['import', 'compas', 'missing.yaml', '--output', '-'])).toMatchObject({ status: 2 });
  });
});
