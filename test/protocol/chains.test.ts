import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';
import { startMcp } from '../support/mcpClient.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** An author that does better when it is asked to, and a reviewer that wants a test beside the code. */
const file = `name: shop
providers:
  author:
    command: sh
    args: ["-c", "grep -q 'has no test' \\"$1\\" && echo test > health.test; echo ok > health; echo I added it.", "sh", "{{prompt_file}}"]
    input: file
  critic:
    command: sh
    args: ["-c", "test -e health.test && echo 'VERDICT: approve' || { echo It has no test.; echo 'VERDICT: request changes'; }"]
agents:
  dev:
    provider: author
    handoff: {on_response: reviewer}
  reviewer:
    provider: critic
    workspace: {provider: thread, access: read}
`;

test('a task goes from author to reviewer, back for changes, to an approval, and is merged by a person', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  const { thread_id: id } = (await home.musterJson(['dispatch', 'dev', 'Add a health check', '--wait'], {
    cwd: repository,
  })) as { thread_id: string };
  expect(await home.musterJson(['chain', id], { cwd: repository })).toMatchObject({
    chain: { state: 'approved', author: 'dev', depth: 2, said: [{ agent: 'reviewer', verdict: 'approve' }] },
    steps: [
      { from: 'you', to: 'dev', intent: 'dispatch', status: 'succeeded' },
      { from: 'dev', to: 'reviewer', intent: 'handoff' },
      { from: 'reviewer', to: 'dev', intent: 'changes-requested' },
      { from: 'dev', to: 'reviewer', intent: 'handoff', verdict: 'approve' },
    ],
  });
  expect((await run('chain', id)).stdout).toMatch(/ handoff +succeeded +approve [^]*approved · reviewer: approve/);
  // A message can be waited for, and one that will never come is told at once.
  const [asked] = (await home.connect().then(client => client.threads.getThread({ threadId: id }))).messages;
  const answer = await home.musterJson(['wait', id, '--intent', 'response', '--await-chain'], { cwd: repository });
  expect(answer).toMatchObject({ found: true, from: 'reviewer', body: expect.stringContaining('approve') as string });
  const printed = (await run('wait', id, '--since', asked?.id ?? '')).stdout;
  expect(printed).toMatch(/^found=true\nthread_id=\w+\n[^]*\n---BODY---\n/);
  expect(await run('wait', id, '--strict-new')).toMatchObject({ status: 1 });
  expect(await run('wait', id, '--since', 'nothing')).toMatchObject({ status: 2 });
  expect(await run('merge', id)).toMatchObject({ status: 0 });
  expect(execFileSync('git', ['show', 'main:health.test'], { cwd: repository, encoding: 'utf8' })).toBe('test\n');
});

test('over MCP a chain is awaited, and a message can do without one', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const mcp = await startMcp(home, { programs, cwd: repository });
  const { agents } = (await mcp.ok('orch_list_agents')) as { agents: object[] };
  expect(agents).toMatchObject([
    { alias: 'dev', handoff_to: ['reviewer'], max_chain_depth: 3, await_chain_recommended: true },
    { alias: 'reviewer', await_chain_recommended: false },
  ]);
  const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'Add a health check' });
  const answer = await mcp.ok('orch_wait', { thread_id: sent['thread_id'], await_chain: true });
  expect(answer).toMatchObject({ found: true, from: 'reviewer' });
  expect(answer['body']).toContain('VERDICT: approve');
  const alone = await mcp.ok('orch_dispatch', { to: 'dev', body: 'Again', skip_handoff: true });
  expect(await mcp.ok('orch_wait', { thread_id: alone['thread_id'], await_chain: true })).toMatchObject({
    from: 'dev',
  });
});

test('over MCP a chain is read step by step, with verdicts', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const mcp = await startMcp(home, { programs, cwd: repository });
  const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'Add a health check' });
  const id = sent['thread_id'];
  await mcp.ok('orch_wait', { thread_id: id, await_chain: true });
  expect(await mcp.ok('orch_chain', { thread_id: id })).toMatchObject({
    thread_id: id,
    state: 'ready',
    chain_state: 'approved',
    depth: 2,
    waiting_for: [],
    steps: [
      { from: 'operator', to: 'dev', intent: 'dispatch', execution_status: 'completed' },
      { from: 'dev', to: 'reviewer', intent: 'handoff', execution_status: 'completed' },
      { from: 'reviewer', to: 'dev', intent: 'changes-requested', execution_status: 'completed' },
      { from: 'dev', to: 'reviewer', intent: 'handoff', execution_status: 'completed' },
    ],
  });
  expect(await mcp.call('orch_chain', { thread_id: 'nothing' })).toMatchObject({ isError: true });
});
