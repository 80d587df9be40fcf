import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { findAgentClis } from '../../support/agents/agentClis.ts';
import { chainFile, chainScript, chainTask } from '../../support/agents/chainOfTwo.ts';
import { startAgentHost } from '../../support/agents/agentHost.ts';
import { dispatchAndWait } from '../../support/agents/threads.ts';
import { buildPrograms, testRepository, type Programs } from '../../support/hostProcess.ts';
import { startMcp } from '../../support/mcpClient.ts';

/** Real Claude Code as the author and real Codex as the reviewer; only their models are scripted. */
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);
const clis = 'folder' in found ? found.folder : '';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

describe.skipIf('missing' in found)('a chain of two real CLIs', () => {
  it('goes from author to reviewer, back for changes, to an approval and into main, from a terminal', async () => {
    const { home, model } = await startAgentHost({ programs, clis, script: chainScript });
    const repository = testRepository({ 'agent-compose.yml': chainFile });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, [chainTask]);
    expect(await home.musterJson(['chain', thread], { cwd: repository })).toMatchObject({
      chain: { state: 'approved', depth: 2 },
      steps: [
        { to: 'dev', intent: 'dispatch', status: 'succeeded' },
        { to: 'reviewer', intent: 'handoff', status: 'succeeded' },
        { to: 'dev', intent: 'changes-requested', status: 'succeeded' },
        { to: 'reviewer', intent: 'handoff', status: 'succeeded' },
      ],
    });
    // The author's conversation went on: it was asked for changes where it had said what it did.
    const asked = model.requests.find(({ messages }) => messages.at(-1)?.text.includes('asks for changes'));
    expect(asked?.messages.some(({ text }) => text.includes('The first version greets.'))).toBe(true);
    expect(await home.muster(['merge', thread], { cwd: repository })).toMatchObject({ status: 0 });
    expect(filesOfMain(repository)).toEqual(expect.arrayContaining(['hello.txt', 'goodbye.txt']));
  });

  it('the same, driven by an MCP client from the task to the merge', async () => {
    const { home } = await startAgentHost({ programs, clis, script: chainScript });
    const repository = testRepository({ 'agent-compose.yml': chainFile });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const mcp = await startMcp(home, { programs, cwd: repository });
    const { thread_id: id } = await mcp.ok('orch_dispatch', { to: 'dev', body: chainTask });
    expect(await mcp.ok('orch_wait', { thread_id: id, await_chain: true })).toMatchObject({ from: 'reviewer' });
    expect(await mcp.ok('orch_chain', { thread_id: id })).toMatchObject({
      chain_state: 'approved',
      depth: 2,
      steps: [
        { from: 'operator', to: 'dev', execution_status: 'completed' },
        { from: 'dev', to: 'reviewer', execution_status: 'completed' },
        { from: 'reviewer', to: 'dev', intent: 'changes-requested', execution_status: 'completed' },
        { from: 'dev', to: 'reviewer', execution_status: 'completed' },
      ],
    });
    expect((await mcp.ok('orch_review', { thread_id: id }))['files']).toMatchObject([
      { path: 'goodbye.txt' },
      { path: 'hello.txt' },
    ]);
    const { op_id: op } = await mcp.ok('orch_merge', { thread_id: id });
    expect(await mcp.ok('orch_wait_merge', { op_id: op })).toMatchObject({ found: true, status: 'completed' });
    expect(await mcp.ok('orch_close', { thread_id: id, status: 'completed' })).toMatchObject({ status: 'Completed' });
    expect(filesOfMain(repository)).toEqual(expect.arrayContaining(['hello.txt', 'goodbye.txt']));
  });
});

function filesOfMain(cwd: string): readonly string[] {
  return execFileSync('git', ['ls-tree', '--name-only', 'main'], { cwd, encoding: 'utf8' }).trim().split('\n');
}
