import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './runCommand.ts';

/** A small program with something to improve, and a crew whose agent needs no account. */
const files: Readonly<Record<string, string>> = {
  'agent-compose.yml': `name: demo
agents:
  dev:
    # Makes a small, clearly labelled change without any account.
    # Replace it by claude, codex, gemini or opencode to have real work done.
    provider: demo
    system_prompt: You are a careful developer. Keep changes small.
`,
  'README.md': `# Greeter

A tiny program to try Muster on.

1. Open the Muster view in the activity bar.
2. Run **Muster: Dispatch Task** and give the agent *dev* a task.
3. Watch it work, review its changes, merge them.
`,
  'src/greet.js': `export function greet(name) {
  return 'Hello ' + name;
}
`,
  'test/greet.test.js': `import assert from 'node:assert/strict';
import test from 'node:test';
import { greet } from '../src/greet.js';

test('greets by name', () => {
  assert.equal(greet('Ada'), 'Hello Ada');
});
`,
  'package.json': `{
  "name": "greeter",
  "private": true,
  "type": "module",
  "scripts": { "test": "node --test" }
}
`,
};

/** Makes sure that the demo repository exists; one that is there keeps whatever was done in it. */
export async function provideDemoRepository(folder: string): Promise<void> {
  if (existsSync(join(folder, '.git'))) return;
  const staging = `${folder}.${process.pid}.tmp`;
  await rm(staging, { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(staging, path)), { recursive: true });
    await writeFile(join(staging, path), text);
  }
  const git = (...args: readonly string[]) => runCommand('git', args, { cwd: staging, output: 'capture' });
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'user.name', 'Muster demo');
  await git('config', 'user.email', 'demo@muster.invalid');
  await git('add', '--all');
  await git('-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message', 'A greeter that greets');
  await rm(folder, { recursive: true, force: true });
  await rename(staging, folder);
}
