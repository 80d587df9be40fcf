import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dispatchAndWait, threadOf } from '../../support/agents/threads.ts';
import { agentClis, cliNames, type CliName, findAgentClis, type AgentCli } from '../../support/agents/agentClis.ts';
import { startAgentHost } from '../../support/agents/agentHost.ts';
import { buildPrograms, testRepository, type Programs } from '../../support/hostProcess.ts';
import { scriptedUsage } from '../../support/modelServer/modelScript.ts';

/** The four real CLIs through the real host and command line; only the model is scripted. */
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);
const clis = 'folder' in found ? found.folder : '';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const task = 'Add hello.txt with a greeting';
const followUp = 'Now add goodbye.txt too';

function composeFile(cli: AgentCli, more = ''): string {
  return `name: shop\nagents:\n  dev:\n    provider: ${cli.name}\n    model: ${cli.model}\n    system_prompt: Be brief.\n${more}`;
}

/** What two requests read. Gemini CLI, which asks and so is spoken to in another way, does not tell what of it was in its provider's cache. */
function inputOf(name: CliName): number {
  return 2 * (scriptedUsage.input + (name === 'gemini' ? scriptedUsage.cacheRead : 0));
}

describe.skipIf('missing' in found).each(cliNames)('%s', name => {
  const cli = agentClis[name];

  it('edits in its worktree, goes on with its conversation, and its work is merged into main', async () => {
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli) });
    const host = await startAgentHost({
      programs,
      clis,
      script: [
        {
          prompt: task,
          steps: [
            { text: 'I will add it.', toolCall: cli.writeFile('hello.txt', 'Hello from the agent') },
            { text: 'hello.txt greets now.' },
          ],
        },
        {
          prompt: followUp,
          steps: [{ toolCall: cli.writeFile('goodbye.txt', 'Goodbye') }, { text: 'Both files are there.' }],
        },
      ],
    });
    const { home, model } = host;
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });

    const thread = await dispatchAndWait(home, repository, [task]);
    expect(await threadOf(home, repository, thread)).toMatchObject({
      status: 'ready',
      latest_run: {
        status: 'succeeded',
        input_tokens: inputOf(name),
        output_tokens: 2 * scriptedUsage.output,
      },
    });
    // The user's own checkout is untouched until the merge.
    expect(git(repository, 'status', '--porcelain')).toBe('');

    await dispatchAndWait(home, repository, ['--thread', thread, followUp]);
    const again = await threadOf(home, repository, thread);
    // What the CLI counts over the whole conversation is not counted twice.
    expect(again.latest_run).toMatchObject({ status: 'succeeded', input_tokens: inputOf(name) });
    const lastRequest = model.requests.at(-1);
    expect(lastRequest?.messages.some(message => message.role === 'user' && message.text.includes(task))).toBe(true);
    expect(lastRequest?.messages.some(message => message.role === 'assistant')).toBe(true);
    const instructions = [lastRequest?.system, ...(lastRequest?.messages.map(message => message.text) ?? [])].join(
      '\n',
    );
    expect(instructions.split('Be brief.')).toHaveLength(2);

    const diff = await home.muster(['diff', thread], { cwd: repository });
    expect(diff.stdout).toContain('+Hello from the agent');
    expect(diff.stdout).toContain('goodbye.txt');
    const logs = await home.muster(['logs', thread], { cwd: repository });
    expect(logs.stdout).toContain('hello.txt greets now.');
    expect(logs.stdout).toContain('Both files are there.');

    const merged = await home.muster(['merge', thread], { cwd: repository });
    expect(merged, merged.stderr).toMatchObject({ status: 0 });
    expect(git(repository, 'show', 'main:hello.txt')).toBe('Hello from the agent');
    expect(readFileSync(join(repository, 'goodbye.txt'), 'utf8')).toBe('Goodbye\n');
  });

  it('runs any command where the file says `permissions: auto` and a person agreed', async () => {
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli, '    permissions: auto\n') });
    const steps = [{ toolCall: cli.runCommand('seq 3 > counted.txt') }, { text: 'Counted.' }];
    const { home } = await startAgentHost({ programs, clis, script: [{ prompt: task, steps }] });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, [task]);
    expect((await home.muster(['diff', thread], { cwd: repository })).stdout).toContain('counted.txt');
  });

  it('that is refused by its model provider fails with the way to log in', async () => {
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli) });
    const host = await startAgentHost({
      programs,
      clis,
      script: [{ prompt: task, steps: [{ error: { status: 401, message: 'invalid api key' } }] }],
    });
    expect(await host.home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(host.home, repository, [task]);
    const { latest_run: run } = await threadOf(host.home, repository, thread);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'not_logged_in' } });
    expect(run.error?.message).toMatch(/not logged in.*(Run|set) /);
  });
});

describe.skipIf('missing' in found).each([
  ['claude', '.claude/projects'],
  ['gemini', '.gemini/tmp'],
] as const)('%s', (name, conversations) => {
  const cli = agentClis[name];

  it('that lost a conversation begins a new one by itself, once', async () => {
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli) });
    const { home, model } = await startAgentHost({
      programs,
      clis,
      script: [
        { prompt: task, steps: [{ text: 'There is nothing to do.' }] },
        { prompt: followUp, steps: [{ text: 'I do not know what came before.' }] },
      ],
    });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, [task]);
    rmSync(join(home.env['HOME'] ?? '/nonexistent', conversations), { recursive: true });

    await dispatchAndWait(home, repository, ['--thread', thread, followUp]);
    const client = await home.connect();
    const { runs } = await client.threads.getThread({ threadId: thread });
    expect(runs.map(({ status, error }) => [status, error?.code])).toEqual([
      ['succeeded', undefined],
      ['failed', 'conversation_missing'],
      ['succeeded', undefined],
    ]);
    expect(model.requests).toHaveLength(2);
  });
});

function git(repository: string, ...args: readonly string[]): string {
  return execFileSync('git', [...args], { cwd: repository, encoding: 'utf8' }).trimEnd();
}
