import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dispatchAndWait, threadOf } from '../../support/agents/threads.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

describe('the demo agent', () => {
  const compose = (args: string): string =>
    `name: demo\nagents: {dev: {provider: demo, args: [--seconds, "0", ${args}]}}\n`;

  it('makes a change that says what it is, adds to it on a follow-up, and is merged', async () => {
    const repository = testRepository({ 'agent-compose.yml': compose('') });
    const home = testHome(programs);
    // The arguments are what a person is asked about, not the demo agent itself.
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, ['Say hello\nin two lines']);
    await dispatchAndWait(home, repository, ['--thread', thread, 'And goodbye']);
    expect((await home.muster(['logs', thread], { cwd: repository })).stdout).toContain('No model is asked');
    expect(await home.muster(['merge', thread], { cwd: repository })).toMatchObject({ status: 0 });
    const text = readFileSync(join(repository, 'MUSTER_DEMO.md'), 'utf8');
    expect(text).toContain('No model was asked');
    expect(text).toContain('> Say hello\n> in two lines');
    expect(text.trimEnd().endsWith('> And goodbye')).toBe(true);
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: repository, encoding: 'utf8' })).toBe('');
  });

  it('writes the file that --file names, and none outside of the workspace', async () => {
    const repository = testRepository({ 'agent-compose.yml': compose('--file, notes.md') });
    const home = testHome(programs);
    await home.muster(['up', '--yes'], { cwd: repository });
    const thread = await dispatchAndWait(home, repository, ['Note this']);
    expect((await home.muster(['diff', thread], { cwd: repository })).stdout).toContain('notes.md');

    const outside = testRepository({ 'agent-compose.yml': compose('--file, ../outside.md') }, { name: 'outside' });
    await home.muster(['up', '--yes'], { cwd: outside });
    const refused = await dispatchAndWait(home, outside, ['Note this']);
    expect((await threadOf(home, outside, refused)).latest_run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('not a file inside the workspace') as string },
    });
  });

  it('fails with --fail and changes nothing', async () => {
    const repository = testRepository({ 'agent-compose.yml': compose('--fail') });
    const home = testHome(programs);
    await home.muster(['up', '--yes'], { cwd: repository });
    const thread = await dispatchAndWait(home, repository, ['Try']);
    expect((await threadOf(home, repository, thread)).latest_run).toMatchObject({ status: 'failed' });
    expect((await home.muster(['diff', thread], { cwd: repository })).stdout).toBe('');
  });
});

describe('a provider of the compose file', () => {
  it('works from prompt to answer, and gets its conversation back on a follow-up', async () => {
    const repository = testRepository({
      'agent-compose.yml': `name: own
providers:
  mine:
    command: node
    args: [tools/agent.mjs, --model, "{{model}}", --resume, "{{conversation}}"]
    output: {format: jsonl, result: answer.text, conversation: session}
    permissions: auto
agents: {dev: {provider: mine}}
`,
      'tools/agent.mjs': `import { appendFileSync, readFileSync } from 'node:fs';
const [, , ...args] = process.argv;
appendFileSync('work.txt', readFileSync(0, 'utf8') + '\\n');
console.log('warming up');
console.log(JSON.stringify({ session: 'session-7' }));
console.log(JSON.stringify({ answer: { text: 'I was called with [' + args.join(' ') + ']' } }));
`,
    });
    const home = testHome(programs);
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, ['--', '--first task']);
    await dispatchAndWait(home, repository, ['--thread', thread, 'second task']);
    const logs = (await home.muster(['logs', thread], { cwd: repository })).stdout;
    expect(logs).toContain('I was called with []');
    expect(logs).toContain('I was called with [--resume session-7]');
    const diff = (await home.muster(['diff', thread], { cwd: repository })).stdout;
    expect(diff).toContain('+--first task');
    expect(diff).toContain('+second task');
  });
});
