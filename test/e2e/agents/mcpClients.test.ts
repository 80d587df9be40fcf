import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { findAgentClis } from '../../support/agents/agentClis.ts';
import { writeAgentHome } from '../../support/agents/agentHome.ts';
import { startAgentHost } from '../../support/agents/agentHost.ts';
import { buildPrograms, testRepository, type Programs } from '../../support/hostProcess.ts';

/** Real coding CLIs as clients of `muster mcp`; only the model is scripted. */
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);
const clis = 'folder' in found ? found.folder : '';
const run = promisify(execFile);

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const composeFile = `name: shop
providers:
  shell: {command: sh, args: ["-c", "echo hello > hello.txt; echo I greet now"]}
agents:
  dev: {provider: shell}
`;

describe.skipIf('missing' in found)('real clients of the MCP server', () => {
  it('are registered by setup-mcp in the way that they read, and taken out again', async () => {
    const { home, model } = await startAgentHost({ programs, clis, script: [] });
    const env = { ...home.env, ...writeAgentHome({ home: home.env['HOME'] ?? '', clis, modelUrl: model.url }) };
    const outcomes = async (...args: readonly string[]): Promise<Record<string, string>> => {
      const { tools } = (await home.musterJson(['setup-mcp', ...args], { env })) as {
        tools: { tool: string; outcome: string }[];
      };
      return Object.fromEntries(tools.map(({ tool, outcome }) => [tool, outcome]));
    };
    expect(await outcomes()).toMatchObject({ claude: 'added', codex: 'added', gemini: 'added', opencode: 'added' });
    const listed = async (program: string): Promise<string> =>
      (await run(program, ['mcp', 'list'], { env, cwd: home.env['HOME'] })).stdout;
    // Claude Code starts each server that it lists.
    expect(await listed('claude')).toMatch(/^muster:.*Connected/m);
    expect(await listed('codex')).toMatch(/^muster\s/m);
    expect(await outcomes()).toMatchObject({ claude: 'unchanged', codex: 'unchanged', gemini: 'unchanged' });
    expect(await outcomes('--remove')).toMatchObject({ claude: 'removed', codex: 'removed', gemini: 'removed' });
    expect(await listed('claude')).not.toMatch(/^muster:/m);
  });

  it('Claude Code dispatches a task, waits for it and reads the changes', async () => {
    const prompt = 'Have dev greet';
    const { home, model } = await startAgentHost({
      programs,
      clis,
      script: [
        {
          prompt,
          steps: [
            {
              toolCall: {
                name: 'mcp__muster__orch_dispatch_and_wait',
                input: { from: 'operator', to: 'dev', body: 'Greet' },
              },
            },
            { toolCall: { name: 'mcp__muster__orch_status', input: {} } },
            { text: 'dev greets now.' },
          ],
        },
      ],
    });
    const env = { ...home.env, ...writeAgentHome({ home: home.env['HOME'] ?? '', clis, modelUrl: model.url }) };
    const repository = testRepository({ 'agent-compose.yml': composeFile });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    await home.muster(['setup-mcp', '--tool', 'claude'], { env });
    const tools = 'mcp__muster__orch_dispatch_and_wait,mcp__muster__orch_status';
    const claude = run('claude', ['-p', '--allowedTools', tools, '--model', 'claude-sonnet-4-5', prompt], {
      env,
      cwd: repository,
    });
    claude.child.stdin?.end();
    expect((await claude).stdout).toContain('dev greets now.');
    await home.hostPid();
    const told =
      model.requests
        .at(-1)
        ?.messages.map(({ text }) => text)
        .join('\n') ?? '';
    expect(told).toContain('I greet now');
    expect(told).toMatch(/"state": ?"ready"/);
  });
});
