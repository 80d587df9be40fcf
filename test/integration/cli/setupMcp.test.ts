import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runInProcess } from '../../support/cliRunner.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

interface Outcome {
  readonly tool: string;
  readonly outcome: string;
  readonly detail: string;
}

/** A home with nothing in it, and a PATH on which only what the test puts there is found. */
function setUp() {
  const home = tempDirectory();
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const stateDir = join(home, 'state');
  mkdirSync(stateDir, { mode: 0o700 });
  const run = async (...args: readonly string[]) =>
    await runInProcess(['setup-mcp', ...args], {
      stateDir,
      cwd: home,
      env: { HOME: home, PATH: `${bin}:/usr/bin:/bin` },
    });
  return {
    home,
    bin,
    launcher: join(stateDir, 'bin', 'muster'),
    run,
    tools: async (...args: readonly string[]): Promise<readonly Outcome[]> => {
      const { stdout } = await run(...args, '--json');
      return (JSON.parse(stdout) as { tools: Outcome[] }).tools;
    },
    /** Writes a file below the home. */
    write(path: string, text: string): string {
      const file = join(home, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
  };
}

const outcomes = (some: readonly Outcome[]): Record<string, string> =>
  Object.fromEntries(some.map(({ tool, outcome }) => [tool, outcome]));

describe('registering with programs that read a file', () => {
  test('leaves out what is not installed', async () => {
    expect(outcomes(await setUp().tools())).toEqual({
      claude: 'absent',
      codex: 'absent',
      gemini: 'absent',
      opencode: 'absent',
      vscode: 'absent',
      cursor: 'absent',
    });
  });

  test('keeps comments, order and everybody else’s servers, and what the file was', async () => {
    const setting = setUp();
    const before = `{\n  // my theme\n  "theme": "dark",\n  "mcpServers": {\n    "other": { "command": "other" }, // keep\n  },\n}\n`;
    const file = setting.write('.gemini/settings.json', before);
    expect(outcomes(await setting.tools('--tool', 'gemini'))).toEqual({ gemini: 'added' });
    const after = readFileSync(file, 'utf8');
    expect(after).toContain('// my theme');
    expect(after).toContain('// keep');
    expect(after).toContain('"other"');
    expect(after).toContain(JSON.stringify(setting.launcher));
    expect(readFileSync(`${file}.before-muster`, 'utf8')).toBe(before);
    expect(outcomes(await setting.tools('--tool', 'gemini'))).toEqual({ gemini: 'unchanged' });
    expect(outcomes(await setting.tools('--tool', 'gemini', '--remove'))).toEqual({ gemini: 'removed' });
    expect(readFileSync(file, 'utf8')).not.toContain('muster');
    expect(readFileSync(file, 'utf8')).toContain('"other"');
  });

  test.each([
    ['opencode', '.config/opencode', 'opencode.json', { mcp: { muster: { type: 'local', enabled: true } } }],
    ['vscode', '.config/Code/User', 'mcp.json', { servers: { muster: { type: 'stdio', args: ['mcp'] } } }],
    ['cursor', '.cursor', 'mcp.json', { mcpServers: { muster: { args: ['mcp'] } } }],
  ])('makes the file of %s in the form that it reads', async (tool, folder, name, expected) => {
    const setting = setUp();
    mkdirSync(join(setting.home, folder), { recursive: true });
    expect(outcomes(await setting.tools('--tool', tool))).toEqual({ [tool]: 'added' });
    expect(JSON.parse(readFileSync(join(setting.home, folder, name), 'utf8'))).toMatchObject(expected);
  });

  test('changes nothing in a dry run', async () => {
    const setting = setUp();
    const file = setting.write('.cursor/mcp.json', '{}\n');
    expect(outcomes(await setting.tools('--tool', 'cursor', '--dry-run'))).toEqual({ cursor: 'added' });
    expect(readFileSync(file, 'utf8')).toBe('{}\n');
    expect(existsSync(`${file}.before-muster`)).toBe(false);
    expect(existsSync(setting.launcher)).toBe(false);
  });

  test('leaves a file that it cannot read as it is, names it, and goes on with the others', async () => {
    const setting = setUp();
    const broken = setting.write('.gemini/settings.json', '{ "theme": ');
    setting.write('.cursor/mcp.json', '');
    const { status, stdout } = await setting.run();
    expect(status).toBe(1);
    expect(stdout).toMatch(/Gemini CLI\s+failed\s+.*settings\.json was not changed/);
    expect(stdout).toMatch(/Cursor\s+added/);
    expect(readFileSync(broken, 'utf8')).toBe('{ "theme": ');
  });

  test('follows a link to where a person keeps the file', async () => {
    const setting = setUp();
    const kept = setting.write('dotfiles/mcp.json', '{}\n');
    mkdirSync(join(setting.home, '.cursor'));
    symlinkSync(kept, join(setting.home, '.cursor', 'mcp.json'));
    await setting.tools('--tool', 'cursor');
    expect(readFileSync(kept, 'utf8')).toContain('muster');
  });
});

describe('registering with programs that keep their own list', () => {
  /** A command line with the same words as the real one: it keeps its list in a file. */
  function install(setting: ReturnType<typeof setUp>, name: string): string {
    const list = join(setting.home, `${name}.list`);
    const program = join(setting.bin, name);
    writeFileSync(
      program,
      `#!/bin/sh\ncase "$2" in\nlist) cat '${list}' 2>/dev/null || true ;;\nadd) while [ "$1" != -- ]; do shift; done; shift; echo "muster: $*" >'${list}' ;;\nremove) rm '${list}' ;;\nesac\n`,
    );
    chmodSync(program, 0o755);
    return list;
  }

  test('asks the program itself, once', async () => {
    const setting = setUp();
    const list = install(setting, 'claude');
    expect(outcomes(await setting.tools('--tool', 'claude'))).toEqual({ claude: 'added' });
    expect(readFileSync(list, 'utf8')).toBe(`muster: ${setting.launcher} mcp\n`);
    expect(outcomes(await setting.tools('--tool', 'claude'))).toEqual({ claude: 'unchanged' });
    expect(outcomes(await setting.tools('--tool', 'claude', '--remove'))).toEqual({ claude: 'removed' });
    expect(existsSync(list)).toBe(false);
  });
});

test('an unknown tool is told with those that are known', async () => {
  const { status, stderr } = await setUp().run('--tool', 'emacs');
  expect(status).toBe(2);
  expect(stderr).toMatch(/claude, codex, gemini, opencode, vscode, cursor.*"emacs"/);
});
