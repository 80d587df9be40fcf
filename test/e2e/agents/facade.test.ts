import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { agentClis, cliNames, findAgentClis, type AgentCli } from '../../support/agents/agentClis.ts';
import { scriptedKey } from '../../support/agents/agentHome.ts';
import { scriptedPrice, startAgentHost, writeModelSettings } from '../../support/agents/agentHost.ts';
import { dispatchAndWait, threadOf } from '../../support/agents/threads.ts';
import { buildPrograms, testRepository, type Programs } from '../../support/hostProcess.ts';
import { scriptedUsage, type ScriptedToolCall } from '../../support/modelServer/modelScript.ts';

/** The four real CLIs, which reach the scripted model through the host and in no other way. */
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);
const clis = 'folder' in found ? found.folder : '';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const task = 'Add hello.txt with a greeting';

function composeFile(cli: AgentCli, more = ''): string {
  return `name: shop\nagents:\n  dev:\n    provider: ${cli.name}\n    model: ${cli.model}\n    llm: facade\n${more}`;
}

/** Only Anthropic's API tells of tokens that were written to a cache. */
function costOfOneCall({ name }: AgentCli): number {
  const { input, output, cacheRead, cacheWrite } = scriptedUsage;
  const { input: perInput, output: perOutput, cache_read: perRead, cache_write: perWrite } = scriptedPrice;
  const written = name === 'claude' ? cacheWrite * perWrite : 0;
  return (input * perInput + output * perOutput + cacheRead * perRead + written) / 1_000_000;
}

describe.skipIf('missing' in found).each(cliNames)('%s', name => {
  const cli = agentClis[name];

  it('edits in its worktree through the host, which holds the key and counts what it uses', async () => {
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli) });
    const { home, model } = await startAgentHost({
      programs,
      clis,
      throughHost: true,
      script: [
        {
          prompt: task,
          steps: [
            { text: 'I will add it.', toolCall: cli.writeFile('hello.txt', 'Hello from the agent') },
            { text: 'hello.txt greets now.' },
          ],
        },
      ],
    });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });

    const thread = await dispatchAndWait(home, repository, [task]);
    const { latest_run: run } = await threadOf(home, repository, thread);
    // OpenCode also has a model name the conversation, which it does not count itself.
    const calls = name === 'opencode' ? 3 : 2;
    expect(run).toMatchObject({
      status: 'succeeded',
      input_tokens: calls * scriptedUsage.input,
      output_tokens: calls * scriptedUsage.output,
    });
    expect(run.cost_usd).toBeCloseTo(calls * costOfOneCall(cli), 8);
    // The upstream got the person's key, and it is nowhere in what the run left.
    expect(new Set(model.requests.map(({ credential }) => credential))).toEqual(new Set([scriptedKey]));
    expect((await home.muster(['diff', thread], { cwd: repository })).stdout).toContain('+Hello from the agent');
    expect(readFileSync(join(home.stateDir, 'muster.db'), 'latin1')).not.toContain(scriptedKey);
  });

  it('goes on by itself when the host is killed in the middle of an answer and starts again', async () => {
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli) });
    let kill: (() => Promise<void>) | undefined;
    const { home, model } = await startAgentHost({
      programs,
      clis,
      throughHost: true,
      halfway: async answered => {
        if (answered !== 2 || !kill) return;
        const killing = kill;
        kill = undefined;
        await killing();
      },
      script: [
        {
          prompt: task,
          steps: [
            { text: 'I will add it.', toolCall: cli.writeFile('hello.txt', 'Hello from the agent') },
            { text: 'hello.txt greets now.' },
          ],
        },
      ],
    });
    let before: number | undefined;
    kill = async () => {
      before = await home.hostPid();
      await home.killHost();
      // Whoever asks next starts another host.
      expect(await home.muster(['ps'], { cwd: repository })).toMatchObject({ status: 0 });
    };
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const sent = (await home.musterJson(['dispatch', 'dev', task], { cwd: repository })) as { thread_id: string };
    const waited = await home.muster(['wait', sent.thread_id, '--timeout', '200'], { cwd: repository });
    expect(waited, waited.stderr).toMatchObject({ status: 0 });
    expect(kill).toBeUndefined();
    expect(await home.hostPid()).not.toBe(before);
    const { latest_run: run } = await threadOf(home, repository, sent.thread_id);
    expect(run).toMatchObject({ status: 'succeeded' });
    expect((await home.muster(['diff', sent.thread_id], { cwd: repository })).stdout).toContain(
      '+Hello from the agent',
    );
    expect(model.requests.length).toBeGreaterThan(2);
    // The call that broke off is in the list, counted by its size.
    const listed = (await home.musterJson(['models', 'calls', sent.thread_id])) as { calls: { estimated: boolean }[] };
    expect(listed.calls.filter(call => call.estimated)).toHaveLength(1);
  });

  it('that reaches its budget ends with that as the reason', async () => {
    const repository = testRepository({
      'agent-compose.yml': composeFile(cli, '    budget: {usd_per_run: 0.0000001}\n'),
    });
    const { home, model } = await startAgentHost({
      programs,
      clis,
      throughHost: true,
      script: [
        {
          prompt: task,
          steps: [
            { toolCall: cli.writeFile('hello.txt', 'Hello from the agent') },
            { text: 'It must never get here.' },
          ],
        },
      ],
    });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, [task]);
    const { latest_run: run } = await threadOf(home, repository, thread);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'budget' } });
    expect(run.error?.message).toContain('agents.dev.budget.usd_per_run');
    expect(model.requests.length).toBeLessThanOrEqual(1);
  });
});

/** The model as the upstream's protocol has it called: a tool that takes text takes an object with it there. */
function bridgedCall(call: ScriptedToolCall): ScriptedToolCall {
  return call.freeform === undefined ? call : { name: call.name, input: { input: call.freeform } };
}

describe.skipIf('missing' in found).each([
  ['claude', 'responses'],
  ['claude', 'chat_completions'],
  ['codex', 'messages'],
  ['codex', 'chat_completions'],
  ['opencode', 'messages'],
  ['opencode', 'responses'],
] as const)('%s in front of an upstream that speaks %s', (name, protocol) => {
  const cli = agentClis[name];

  it('edits in its worktree all the same', async () => {
    const agent = composeFile(cli).replace('llm: facade', 'llm: {via: facade, upstream: other}');
    const repository = testRepository({ 'agent-compose.yml': agent });
    const { home, model } = await startAgentHost({
      programs,
      clis,
      throughHost: true,
      script: [
        {
          prompt: task,
          steps: [
            { text: 'I will add it.', toolCall: bridgedCall(cli.writeFile('hello.txt', 'Hello from the agent')) },
            { text: 'hello.txt greets now.' },
          ],
        },
      ],
    });
    const endpoint = protocol === 'messages' ? model.url : `${model.url}/v1`;
    const other = { protocols: [protocol], endpoint, key_env: 'OPENAI_API_KEY' };
    writeModelSettings(home.stateDir, model.url, { upstreams: { other } });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, [task]);
    const { latest_run: run } = await threadOf(home, repository, thread);
    expect(run, run.error?.message).toMatchObject({ status: 'succeeded' });
    expect((await home.muster(['diff', thread], { cwd: repository })).stdout).toContain('+Hello from the agent');
    const api = { messages: 'anthropic', responses: 'responses', chat_completions: 'chat' }[protocol];
    expect(new Set(model.requests.map(request => request.api))).toEqual(new Set([api]));
    expect(new Set(model.requests.map(({ credential }) => credential))).toEqual(new Set([scriptedKey]));
  });
});
