import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';
import { startMcp } from '../support/mcpClient.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

test('tools that agents used are counted by tool and agent, with what each agent cost', async () => {
  const home = testHome(programs);
  const repository = testRepository({
    'agent-compose.yml': 'name: shop\nagents: {dev: {provider: demo}, idle: {provider: demo}}\n',
  });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const mcp = await startMcp(home, { programs, cwd: repository });
  for (const body of ['One', 'Two']) {
    const { thread_id: id } = await mcp.ok('orch_dispatch', { to: 'dev', body });
    await mcp.ok('orch_wait', { thread_id: id });
  }
  const all = await mcp.ok('orch_tool_stats');
  expect(all).toMatchObject({
    executions_read: 2,
    cost_by_agent: [{ agent_alias: 'dev', project: 'shop', execution_count: 2 }],
  });
  const stats = all['tool_stats'] as {
    tool_name: string;
    call_count: number;
    error_count: number;
    error_rate: number;
  }[];
  expect(stats.length).toBeGreaterThan(0);
  for (const { call_count: calls, error_count: errors, error_rate: rate } of stats) {
    expect(calls % 2).toBe(0);
    expect(rate).toBe(errors / calls);
  }
  const usage = all['tool_usage_by_agent'] as { agent_alias: string; call_count: number }[];
  expect(usage.every(({ agent_alias: alias }) => alias === 'dev')).toBe(true);
  expect(usage.reduce((sum, { call_count: calls }) => sum + calls, 0)).toBe(
    stats.reduce((sum, { call_count: calls }) => sum + calls, 0),
  );
  expect(await mcp.ok('orch_tool_stats', { executions: '1' })).toMatchObject({ executions_read: 1 });
  expect(await mcp.ok('orch_tool_stats', { agent_alias: 'idle' })).toMatchObject({
    executions_read: 0,
    tool_stats: [],
  });
  expect(await mcp.call('orch_tool_stats', { agent_alias: 'nobody' })).toMatchObject({ isError: true });
});

test('an agent that shares the checkout gets no worktree and no branch, and works where the person does (59)', async () => {
  const home = testHome(programs);
  const repository = testRepository({
    'agent-compose.yml': `name: shop
providers:
  writer: {command: sh, args: ["-c", "echo ok > made.txt; echo Done."]}
agents:
  dev: {provider: writer, workspace: {provider: shared}}
`,
  });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  expect(await home.muster(['dispatch', 'dev', 'Make a file', '--wait'], { cwd: repository })).toMatchObject({
    status: 0,
  });
  expect(readFileSync(join(repository, 'made.txt'), 'utf8')).toBe('ok\n');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim();
  expect(git('branch', '--format=%(refname:short)')).toBe('main');
  expect(git('worktree', 'list').split('\n')).toHaveLength(1);
});
