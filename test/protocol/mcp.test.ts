import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';
import { startMcp, type McpSession } from '../support/mcpClient.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** An agent that does what its task says: the lines of the task are shell commands. `hold` waits until a file is gone. */
const composeFile = (hold: string): string => `name: shop
providers:
  shell:
    command: sh
    args: ["-c", "hold() { while [ -e ${hold} ]; do sleep 0.05; done; }; . \\"$1\\"", "sh", "{{prompt_file}}"]
    input: file
agents:
  dev: {provider: shell}
  reviewer: {provider: shell}
`;

interface Setting {
  readonly home: TestHome;
  readonly repository: string;
  readonly mcp: McpSession;
  hold(): void;
  release(): void;
}

async function setUp(env: Record<string, string> = {}): Promise<Setting> {
  const home = testHome(programs);
  const file = join(home.env['HOME'] ?? '', 'hold');
  const repository = testRepository({ 'agent-compose.yml': composeFile(file) });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const mcp = await startMcp(home, { programs, cwd: repository, env });
  return {
    home,
    repository,
    mcp,
    hold: () => writeFileSync(file, ''),
    release: () => rmSync(file, { force: true }),
  };
}

const write = (text: string): string => `echo ${text} > ${text}.txt\necho wrote ${text}`;

/** The thread of a task that is done. */
async function done({ mcp }: Setting, body = write('one')): Promise<string> {
  const { found, thread_id: thread } = await mcp.ok('orch_dispatch_and_wait', { from: 'operator', to: 'dev', body });
  expect(found).toBe(true);
  return String(thread);
}

describe('the tools', () => {
  test('are compas’ by name, each with a schema for what it takes and returns, and reading ones say so', async () => {
    const { mcp } = await setUp();
    const { tools } = await mcp.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['orch_dispatch', 'orch_wait', 'orch_transcript', 'orch_merge', 'orch_abandon']),
    );
    for (const tool of tools)
      expect(tool).toMatchObject({ inputSchema: { type: 'object' }, outputSchema: { type: 'object' } });
    expect(tools.find(({ name }) => name === 'orch_status')?.annotations).toMatchObject({ readOnlyHint: true });
    expect(mcp.client.getInstructions()).toContain('orch_dispatch');
  });

  test('take a task from dispatch to a merged commit', async () => {
    const { mcp, repository } = await setUp();
    const sent = await mcp.ok('orch_dispatch', {
      from: 'operator',
      to: 'dev',
      body: write('health'),
      intent: 'dispatch',
    });
    const answer = await mcp.ok('orch_wait', {
      thread_id: sent['thread_id'],
      since_reference: `db:${String(sent['message_id'])}`,
    });
    expect(answer).toMatchObject({ found: true, from: 'dev', to: 'operator', intent: 'response' });
    expect(answer['body']).toContain('wrote health');
    const review = await mcp.ok('orch_review', { thread_id: sent['thread_id'] });
    expect(review).toMatchObject({ files: [{ path: 'health.txt', additions: 1 }] });
    expect(review['patch']).toContain('+health');
    const merge = await mcp.ok('orch_merge', { thread_id: sent['thread_id'], from: 'operator' });
    expect(await mcp.ok('orch_wait_merge', { op_id: merge['op_id'] })).toMatchObject({
      found: true,
      status: 'completed',
      state: 'merged',
      target_branch: 'main',
    });
    expect(execFileSync('git', ['show', 'main:health.txt'], { cwd: repository, encoding: 'utf8' })).toBe('health\n');
    expect(await mcp.ok('orch_close', { thread_id: sent['thread_id'], from: 'operator', status: 'completed' })).toEqual(
      {
        thread_id: sent['thread_id'],
        status: 'Completed',
      },
    );
  });

  test('name what is known when an agent or project is not', async () => {
    const { mcp } = await setUp();
    const nobody = await mcp.call('orch_dispatch', { to: 'nobody', body: 'x' });
    expect(nobody).toMatchObject({ isError: true });
    expect(nobody.text).toMatch(/nobody.*dev, reviewer.*\[agent\.unknown\]/s);
    expect((await mcp.call('orch_health', { alias: 'nobody' })).text).toContain('dev, reviewer');
    expect((await mcp.call('orch_dispatch', { to: 'dev', body: 'x', project: 'none' })).text).toContain('shop');
    expect((await mcp.call('orch_dispatch', { to: 'dev', body: 'x', intent: 'status-update' })).text).toMatch(
      /Nothing would ever run.*changes-requested/,
    );
  });

  test('take numbers as text, and say which field is wrong when they are none (compas 51)', async () => {
    const { mcp } = await setUp();
    expect(await mcp.ok('orch_tasks', { limit: '5' })).toEqual({ tasks: [] });
    expect(await mcp.ok('orch_tasks', { limit: null })).toEqual({ tasks: [] });
    const wrong = await mcp.call('orch_tasks', { limit: 'five' }).catch((error: unknown) => ({ text: String(error) }));
    expect(wrong.text).toContain('limit');
  });

  test('show what an execution said and wrote, in pages', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    const thread = await done(setting, 'for n in 1 2 3 4 5; do echo line $n; done');
    const { executions } = (await mcp.ok('orch_transcript', { thread_id: thread })) as {
      executions: { execution_id: string; execution_status: string }[];
    };
    expect(executions).toMatchObject([{ execution_status: 'completed' }]);
    const id = executions[0]?.execution_id;
    expect(await mcp.ok('orch_read_log', { execution_id: id, offset: 1, limit: 2 })).toMatchObject({
      lines: ['line 2', 'line 3'],
      has_more: true,
    });
    expect(await mcp.ok('orch_read_log', { execution_id: id, tail: 2 })).toMatchObject({ lines: ['line 4', 'line 5'] });
    const { events } = (await mcp.ok('orch_execution_events', { execution_id: id })) as {
      events: { summary: string }[];
    };
    expect(events.map(({ summary }) => summary).join('\n')).toContain('line 5');
    expect((await mcp.call('orch_read_log', { execution_id: '../../host' })).isError).toBe(true);
  });
});

describe('a wait', () => {
  test('tells what goes on when its time is over, and finds the answer when called again', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    setting.hold();
    const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'echo begun\nhold\necho ended' });
    const early = await mcp.ok('orch_wait', { thread_id: sent['thread_id'], timeout_secs: '1' });
    expect(early).toMatchObject({
      found: false,
      thread_status: 'Active',
      execution_status: 'executing',
      chain_pending: true,
    });
    setting.release();
    expect(await mcp.ok('orch_wait', { thread_id: sent['thread_id'] })).toMatchObject({
      found: true,
      intent: 'response',
    });
  });

  test('ends at once, with the reason, on a thread that is unknown or has nothing more to say', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    expect((await mcp.call('orch_wait', { thread_id: 'zzzzzz' })).text).toContain('[thread.unknown]');
    const thread = await done(setting);
    const over = await mcp.call('orch_wait', { thread_id: thread, strict_new: true });
    expect(over).toMatchObject({ isError: true });
    expect(over.text).toMatch(/none will come by itself.*ready/s);
  });

  test('on a run that dies finds its error', async () => {
    const { mcp } = await setUp();
    expect(await mcp.ok('orch_dispatch_and_wait', { to: 'dev', body: 'exit 3' })).toMatchObject({
      found: true,
      intent: 'error',
    });
  });

  test('that its client cancels leaves nothing behind, and the next call is answered', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    setting.hold();
    const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold' });
    const stop = new AbortController();
    const waiting = mcp.call('orch_wait', { thread_id: sent['thread_id'] }, { signal: stop.signal });
    await mcp.ok('orch_session_info');
    stop.abort();
    await expect(waiting).rejects.toThrow();
    expect(await mcp.ok('orch_poll', { thread_id: sent['thread_id'] })).toMatchObject({ matched_messages: 0 });
    setting.release();
  });

  test('goes on with the next host when its own is killed', async () => {
    const setting = await setUp();
    const { mcp, home } = setting;
    setting.hold();
    const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold\necho survived' });
    await expect
      .poll(async () => (await mcp.ok('orch_poll', { thread_id: sent['thread_id'] }))['execution_status'], {
        timeout: 20_000,
      })
      .toBe('executing');
    const answer = mcp.ok('orch_wait', { thread_id: sent['thread_id'] });
    await home.killHost();
    setting.release();
    expect((await answer)['body']).toContain('survived');
  });
});

describe('ending a thread', () => {
  test('completing it with a merge queues that, and the thread is completed when it has landed', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    const thread = await done(setting);
    const refused = await mcp.call('orch_close', { thread_id: thread, status: 'failed', merge: {} });
    expect(refused.text).toContain('[request.invalid]');
    const closing = await mcp.ok('orch_close', {
      thread_id: thread,
      status: 'completed',
      merge: { strategy: 'squash' },
    });
    expect(await mcp.ok('orch_wait_merge', { op_id: closing['op_id'] })).toMatchObject({
      found: true,
      status: 'completed',
    });
    expect(await mcp.ok('orch_transcript', { thread_id: thread })).toMatchObject({ thread_status: 'Completed' });
  });

  test('a task for later is listed as such, with its batch, and goes with it', async () => {
    const { mcp } = await setUp();
    const [agent] = ((await mcp.ok('orch_list_agents')) as { agents: { alias: string }[] }).agents;
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const later = { to: agent?.alias, body: 'Later', batch: 'night', scheduled_for: at };
    const sent = await mcp.ok('orch_dispatch', later);
    expect(sent).toMatchObject({ scheduled_for: at });
    expect((await mcp.ok('orch_tasks', { filter: 'scheduled', batch_id: 'night' }))['tasks']).toMatchObject([
      { thread_id: sent['thread_id'], batch_id: 'night', eligible_at: at, eligible_reason: 'scheduled' },
    ]);
    expect(await mcp.ok('orch_status')).toMatchObject({ scheduled_count: 1 });
    expect((await mcp.call('orch_dispatch', { ...later, scheduled_for: 'tomorrow' })).text).toMatch(/RFC 3339/);
    expect((await mcp.call('orch_dispatch', { ...later, scheduled_for: '2020-01-01T00:00:00Z' })).text).toContain(
      'is over',
    );
    expect(await mcp.ok('orch_batch_status', { batch_id: 'night' })).toMatchObject({
      thread_count: 1,
      counts: { queued: 1 },
    });
    expect(await mcp.ok('orch_abandon_batch', { batch_id: 'night' })).toMatchObject({ threads_abandoned: 1 });
    expect((await mcp.call('orch_batch_status', { batch_id: 'day' })).text).toContain('no batch "day"');
  });

  test('a task for several is given to each, and one is kept', async () => {
    const { mcp } = await setUp();
    const [agent] = ((await mcp.ok('orch_list_agents')) as { agents: { alias: string }[] }).agents;
    const agents = [agent?.alias, agent?.alias];
    const { batch_id, threads } = (await mcp.ok('orch_best_of', { agents, body: 'Try it' })) as {
      batch_id: string;
      threads: { thread_id: string }[];
    };
    expect(await mcp.ok('orch_batch_status', { batch_id })).toMatchObject({ thread_count: 2 });
    const [first, second] = threads;
    expect(await mcp.ok('orch_keep', { thread_id: first?.thread_id })).toEqual({
      thread_id: first?.thread_id,
      threads_abandoned: [second?.thread_id],
    });
  });

  test('completing it wants its changes merged; failing it, reopening and a note do not', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    const thread = await done(setting);
    const refused = await mcp.call('orch_close', { thread_id: thread, from: 'operator', status: 'completed' });
    expect(refused.text).toMatch(/Merge it first.*\[merge\.refused\]/);
    await mcp.ok('orch_close', { thread_id: thread, from: 'operator', status: 'failed', note: 'not what I meant' });
    const { thread_status: status, messages } = await mcp.ok('orch_transcript', { thread_id: thread });
    expect(status).toBe('Failed');
    expect(messages).toContainEqual(expect.objectContaining({ intent: 'failure', body: 'not what I meant' }));
    expect(await mcp.ok('orch_reopen', { thread_id: thread })).toEqual({
      thread_id: thread,
      previous_status: 'Failed',
      new_status: 'Active',
    });
    expect((await mcp.call('orch_reopen', { thread_id: thread })).text).toContain('[thread.busy]');
  });

  test('stops its agent, and nothing runs on it afterwards', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    setting.hold();
    const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold' });
    await mcp.ok('orch_close', { thread_id: sent['thread_id'], status: 'completed' });
    expect(await mcp.ok('orch_poll', { thread_id: sent['thread_id'] })).toMatchObject({
      thread_status: 'Completed',
      execution_status: 'cancelled',
    });
  });

  test('abandoning loses nothing: reopening brings work and worktree back', async () => {
    const setting = await setUp();
    const { mcp } = setting;
    const thread = await done(setting, write('kept'));
    expect(await mcp.ok('orch_abandon', { thread_id: thread })).toMatchObject({ status: 'Abandoned' });
    await mcp.ok('orch_reopen', { thread_id: thread });
    expect(await mcp.ok('orch_review', { thread_id: thread })).toMatchObject({ files: [{ path: 'kept.txt' }] });
  });
});

test('a client inside a run of Muster may look and not land', async () => {
  const setting = await setUp({ MUSTER_RUN_ID: 'abcdefabcdef' });
  const person = await startMcp(setting.home, { programs, cwd: setting.repository });
  const thread = await done({ ...setting, mcp: person });
  const refused = await setting.mcp.call('orch_merge', { thread_id: thread });
  expect(refused).toMatchObject({ isError: true });
  expect(refused.text).toContain('[run.notAllowed]');
  expect(await setting.mcp.ok('orch_status', {})).toMatchObject({ threads: [{ thread_id: thread }] });
});

test('transcripts and diffs are resources', async () => {
  const setting = await setUp();
  const thread = await done(setting, write('res'));
  const { contents } = await setting.mcp.client.readResource({ uri: `muster://thread/${thread}/diff` });
  expect(contents).toMatchObject([{ mimeType: 'text/x-diff', text: expect.stringContaining('+res') }]);
  const transcript = await setting.mcp.client.readResource({ uri: `muster://thread/${thread}/transcript` });
  expect(transcript.contents).toMatchObject([{ text: expect.stringContaining('wrote res') }]);
});
