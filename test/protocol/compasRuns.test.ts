import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import { mcpWorld, shellProvider } from '../support/mcpWorld.ts';

/** How compas runs, ends and repeats executions, asked of Muster over MCP. The numbers are those of `test/support/compasBehaviours.ts`. */

const compose = `name: shop
limits: {concurrency: 6}
providers:
${shellProvider}
  gone: {command: no-such-agent}
agents:
  dev: {provider: shell}
  again: {provider: shell, retries: {max: 1, backoff: 1h}}
  soon: {provider: shell, retries: {max: 2, backoff: 10ms}}
  brief: {provider: shell, timeout: 1s, retries: {max: 3, backoff: 10ms}}
  missing: {provider: gone}
  claude: {provider: claude, permissions: confined}
  claude2: {provider: claude, permissions: confined, retries: {max: 1, backoff: 1h}}
hooks:
  on_run_started: [{command: sh, args: ["-c", 'cat >> "$HOME/began"; echo >> "$HOME/began"']}]
`;

/** Claude Code as its output looks: what it does is in a file that each test writes. */
const claude = `echo "$*" >> "$HOME/claude.args"
cat > "$HOME/claude.asked"
. "$HOME/claude.do"`;

const world = mcpWorld(compose, { commands: { claude } });

interface Execution {
  readonly id: string;
  readonly execution_status: string;
  readonly error: string | null;
  readonly attempt_number: number;
  readonly started_at: string | null;
}

async function transcript(thread: unknown) {
  return (await world.mcp.ok('orch_transcript', { thread_id: thread })) as unknown as {
    readonly thread_status: string;
    readonly state: string;
    readonly messages: readonly { readonly intent: string; readonly body: string }[];
    readonly executions: readonly Execution[];
  };
}

const statuses = async (thread: unknown): Promise<readonly string[]> =>
  (await transcript(thread)).executions.map(({ execution_status: status }) => status);

/** Gives a task and waits until nothing goes on any more, whatever that is. */
async function ended(body: string, to = 'dev'): Promise<string> {
  const { thread_id: thread } = await world.mcp.ok('orch_dispatch', { to, body });
  await world.muster('wait', String(thread));
  return String(thread);
}

/** Ends the host as a crash would, and then an agent, whose end nobody has seen. */
async function lose(execution: unknown): Promise<void> {
  await world.home.killHost();
  const file = join(world.home.stateDir, 'runs', String(execution), 'pid');
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  process.kill(-pid, 'SIGKILL');
}

describe('the end of an execution', () => {
  test('a success is a response to the operator, a failure an error, and both tell their cause (22, 24)', async () => {
    const { answer } = await world.done('echo I did it.');
    expect(answer).toMatchObject({ from: 'dev', to: 'operator', intent: 'response', body: 'I did it.' });
    const failed = await world.done('echo out of luck >&2\nexit 3', { to: 'soon' });
    expect(failed.answer).toMatchObject({ intent: 'error', body: expect.stringContaining('out of luck') as string });
    // Ours: the thread stays open and needs a person, so that nothing of it is put away.
    expect(await transcript(failed.thread)).toMatchObject({ thread_status: 'Active', state: 'needs_you' });
  });

  test('one that ends well without a word is told as that, and no error of the wait', async () => {
    const { thread_id: thread } = await world.mcp.ok('orch_dispatch', { to: 'dev', body: 'true' });
    expect(await world.mcp.ok('orch_wait', { thread_id: thread })).toMatchObject({
      found: false,
      execution_status: 'completed',
      hint: expect.stringContaining('said nothing') as string,
    });
  });

  test('a failure that passes is tried again later: the thread is active and nobody is told an error; closed, it is tried no more (23, defect 7)', async () => {
    const { mcp } = world;
    const { thread_id: thread } = await mcp.ok('orch_dispatch', {
      to: 'again',
      body: 'echo 503 overloaded >&2; exit 1',
    });
    await vi.waitFor(async () => expect(await statuses(thread)).toEqual(['failed', 'queued']), { timeout: 60_000 });
    const { thread_status: status, messages, executions } = await transcript(thread);
    expect({ status, intents: messages.map(({ intent }) => intent) }).toEqual({
      status: 'Active',
      intents: ['dispatch'],
    });
    expect(executions.map(({ attempt_number: attempt }) => attempt)).toEqual([0, 1]);
    const { tasks } = await mcp.ok('orch_tasks', { alias: 'again' });
    expect(tasks).toMatchObject([{ thread_id: thread, execution_status: 'queued', eligible_reason: 'retry' }]);
    expect(await mcp.ok('orch_wait', { thread_id: thread, timeout_secs: 1 })).toMatchObject({
      found: false,
      chain_pending: true,
    });
    // Closing the thread ends the tries.
    await mcp.ok('orch_close', { thread_id: thread, status: 'failed' });
    await world.reaches(thread, 'cancelled');
  });

  test('when no try is left the error is told, once (24)', async () => {
    const thread = await ended('echo 503 overloaded >&2; exit 1', 'soon');
    expect(await statuses(thread)).toEqual(['failed', 'failed', 'failed']);
    expect((await transcript(thread)).messages.map(({ intent }) => intent)).toEqual(['dispatch', 'error']);
  });

  test.each([
    ['a login', 'echo 401 unauthorized >&2; exit 1', 'soon'],
    ['a quota', 'echo spending limit reached >&2; exit 1', 'soon'],
    ['the agent itself', 'echo assertion failed >&2; exit 2', 'soon'],
    ['nothing that is known', 'exit 9', 'soon'],
    ['its time', 'hold never-released', 'brief'],
    ['what passes, where no retries are asked for', 'echo 503 overloaded >&2; exit 1', 'dev'],
  ])('a failure because of %s is never tried again (25)', async (_, body, agent) => {
    world.hold('never-released');
    const thread = await ended(body, agent);
    expect(await statuses(thread)).toEqual([agent === 'brief' ? 'timed_out' : 'failed']);
  });

  test('what a stopped agent still says and does changes nothing any more (26)', async () => {
    const { mcp } = world;
    world.hold('late');
    const body = `trap 'echo too late; exit 0' TERM\necho begun > "$HOME/late-begun"\nhold late`;
    const { thread_id: thread } = await mcp.ok('orch_dispatch', { to: 'dev', body });
    await world.left('late-begun');
    expect(await mcp.ok('orch_abandon', { thread_id: thread })).toMatchObject({
      executions_cancelled: 1,
      processes_killed: 1,
    });
    expect(await transcript(thread)).toMatchObject({
      thread_status: 'Abandoned',
      messages: [{ intent: 'dispatch' }],
      executions: [{ execution_status: 'cancelled', error: null }],
    });
  });

  test('an end that cannot be written is written as soon as it can be (29)', async () => {
    const { mcp, home } = world;
    world.hold('locked');
    const sent = await mcp.ok('orch_dispatch', {
      to: 'dev',
      body: 'echo x > "$HOME/locked-begun"\nhold locked\necho written',
    });
    await world.left('locked-begun');
    await world.reaches(sent['thread_id'], 'executing');
    const database = new Database(join(home.stateDir, 'muster.db'), { fileMustExist: true });
    database.exec('BEGIN IMMEDIATE');
    world.release('locked');
    const exit = join(home.stateDir, 'runs', String(sent['execution_id']), 'exit.json');
    await vi.waitFor(() => expect(existsSync(exit)).toBe(true), { timeout: 60_000 });
    database.exec('ROLLBACK');
    database.close();
    expect(await mcp.ok('orch_wait', { thread_id: sent['thread_id'] })).toMatchObject({ body: 'written' });
  });
});

describe('the process of an execution', () => {
  test('a timeout ends it with everything that it started, also what holds its output open (30, defect 18)', async () => {
    world.hold('grandchild');
    const body = `(echo $$ > /dev/null; sh -c 'echo $$ > "$HOME/grandchild"; while [ -e "$HOME/hold-grandchild" ]; do sleep 0.05; done' &)\nhold grandchild`;
    const thread = await ended(body, 'brief');
    expect(await statuses(thread)).toEqual(['timed_out']);
    const pid = Number(await world.left('grandchild'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 60_000 });
  });

  test('works in its worktree; what it writes is logged, its errors apart (30)', async () => {
    const { thread, answer } = await world.done('pwd\necho aside >&2');
    const [worktree] = (await world.mcp.ok('orch_worktrees', { thread_id: thread }))['worktrees'] as { path: string }[];
    expect(answer['body']).toBe(realpathSync(worktree?.path ?? ''));
    const [execution] = (await transcript(thread)).executions;
    expect(await world.mcp.ok('orch_read_log', { execution_id: execution?.id })).toMatchObject({
      lines: [answer['body']],
      total_lines: 1,
      source: 'log_file',
    });
    expect((await world.muster('logs', execution?.id ?? '', '--raw', '--stderr')).stdout).toBe('aside\n');
  });

  test('a command that is not there is named, with what to do (30)', async () => {
    const { answer } = await world.done('echo', { to: 'missing' });
    expect(answer).toMatchObject({ intent: 'error' });
    expect(answer['body']).toMatch(/"no-such-agent" was not found.*providers\.gone\.command/s);
  });

  test('one whose process is gone with its host is a crash that waiters hear of; one that works on is adopted (27, 28, defect 6)', async () => {
    const { mcp } = world;
    const over = await world.done('echo over');
    world.hold('crash');
    const lost = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold crash' });
    const kept = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold crash\necho survived' });
    await world.reaches(lost['thread_id'], 'executing');
    await world.reaches(kept['thread_id'], 'executing');
    await lose(lost['execution_id']);
    // Whoever waits is told, by the next host.
    expect(await mcp.ok('orch_wait', { thread_id: lost['thread_id'] })).toMatchObject({ found: true, intent: 'error' });
    expect(await statuses(lost['thread_id'])).toEqual(['crashed']);
    world.release('crash');
    expect(await mcp.ok('orch_wait', { thread_id: kept['thread_id'] })).toMatchObject({ body: 'survived' });
    expect(await statuses(over.thread)).toEqual(['completed']);
    expect((await mcp.call('orch_diagnose', { thread_id: lost['thread_id'] })).result).toMatchObject({
      latest_execution_status: 'crashed',
      latest_execution_agent: 'dev',
    });
  });
});

const init = (session: string): string => `echo '{"type":"system","subtype":"init","session_id":"${session}"}'`;
const result = (session: string, text: string): string =>
  `echo '{"type":"result","subtype":"success","is_error":false,"result":"${text}","session_id":"${session}","total_cost_usd":0.25,"num_turns":1,"usage":{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":7}}'`;
const overloaded = `echo '{"type":"result","subtype":"success","is_error":true,"api_error_status":529,"result":"API Error: overloaded","session_id":"s"}'; exit 1`;

/** What Claude Code does from now on; its earlier command lines are forgotten. */
function claudeDoes(...lines: readonly string[]): void {
  writeFileSync(join(world.user, 'claude.do'), `${lines.join('\n')}\n`);
  rmSync(join(world.user, 'claude.args'), { force: true });
}

const commandLines = (): readonly string[] => readFileSync(join(world.user, 'claude.args'), 'utf8').trim().split('\n');

const send = async (body: string, more: object = {}): Promise<Readonly<Record<string, unknown>>> =>
  await world.mcp.ok('orch_dispatch_and_wait', { to: 'claude', body, ...more });

describe('the conversation of an agent', () => {
  test('is kept as soon as it is named, and goes on after a crash and after a failure; another thread has its own (31, 32, 33)', async () => {
    world.hold('session');
    claudeDoes(init('first-session'), 'while [ -e "$HOME/hold-session" ]; do sleep 0.05; done');
    const sent = await world.mcp.ok('orch_dispatch', { to: 'claude', body: 'Begin' });
    const thread = sent['thread_id'];
    await world.reaches(thread, 'executing');
    await vi.waitFor(
      async () => expect((await world.muster('logs', String(thread), '--raw')).stdout).toContain('first-session'),
      { timeout: 60_000 },
    );
    await lose(sent['execution_id']);
    expect(await world.mcp.ok('orch_wait', { thread_id: thread })).toMatchObject({ intent: 'error' });
    claudeDoes(
      init('second-session'),
      `echo '{"type":"result","is_error":true,"subtype":"error","errors":["no luck"],"session_id":"second-session"}'`,
      'exit 1',
    );
    await send('Go on', { thread_id: thread });
    expect(commandLines()).toEqual([expect.stringContaining('--resume first-session')]);
    // The latest counts, also of an execution that failed.
    claudeDoes(init('third-session'), result('third-session', 'Well.'));
    expect(await send('And on', { thread_id: thread })).toMatchObject({ body: 'Well.' });
    expect(commandLines()).toEqual([expect.stringContaining('--resume second-session')]);
    await send('Another');
    expect(commandLines().at(-1)).not.toContain('--resume');
  });

  test('an empty name of one is none (33)', async () => {
    claudeDoes(init(''), result('', 'Well.'));
    const { thread_id: thread } = await send('Begin');
    await send('Go on', { thread_id: thread });
    expect(commandLines().join('\n')).not.toContain('--resume');
  });

  test('that is gone is begun anew, once; a second time it is an error (33, 34)', async () => {
    claudeDoes(init('gone-session'), result('gone-session', 'Begun.'));
    const { thread_id: thread } = await send('Begin');
    const stale = 'echo "NO CONVERSATION FOUND with session ID: gone-session" >&2; exit 1';
    claudeDoes('case "$*" in', `*--resume*) ${stale};;`, 'esac', init('new-session'), result('new-session', 'Anew.'));
    expect(await send('Go on', { thread_id: thread })).toMatchObject({ body: 'Anew.' });
    expect(commandLines().map(line => line.includes('--resume'))).toEqual([true, false]);
    expect(await statuses(thread)).toEqual(['completed', 'failed', 'completed']);
    claudeDoes(stale);
    expect(await send('Once more', { thread_id: thread })).toMatchObject({ intent: 'error' });
    expect(commandLines()).toHaveLength(2);
  });
});

test('an error that a CLI reports is an error, whatever its exit code (defect 13)', async () => {
  claudeDoes(init('failed'), `echo '{"type":"result","subtype":"success","is_error":true,"result":"It went wrong."}'`);
  expect(await send('Fail')).toMatchObject({
    intent: 'error',
    body: expect.stringContaining('It went wrong.') as string,
  });
});

describe('the breaker of a provider', () => {
  const circuit = async (alias = 'claude') => {
    const { agents } = (await world.mcp.ok('orch_health', { alias })) as unknown as {
      agents: readonly { readonly circuit_state: string; readonly circuit_failures: number }[];
    };
    return `${agents[0]?.circuit_state} ${agents[0]?.circuit_failures}`;
  };

  /** As if the pause were over: its time is a row of the database. */
  async function pauseOver(): Promise<void> {
    await world.home.killHost();
    const database = new Database(join(world.home.stateDir, 'muster.db'), { fileMustExist: true });
    database.exec(`UPDATE breaker SET opened_at = opened_at - 3600000`);
    database.exec(`UPDATE run_delay SET due_at = due_at - 3600000`);
    database.close();
  }

  test('opens after failures in a row, holds back without starting, survives a restart, and lets one through after the pause (35, 36, 37, defect 9, defect 29)', async () => {
    claudeDoes(init('well'), result('well', 'Well.'));
    await send('Begin');
    expect(await circuit()).toBe('closed 0');
    claudeDoes(overloaded);
    await send('One');
    expect(await circuit()).toBe('closed 1');
    // Ours: a failure that will be tried again is one all the same.
    const { thread_id: retried } = await world.mcp.ok('orch_dispatch', { to: 'claude2', body: 'Two' });
    await vi.waitFor(async () => expect(await circuit('claude2')).toBe('closed 2'), { timeout: 60_000 });
    await world.mcp.ok('orch_abandon', { thread_id: retried });
    await send('Three');
    expect(await circuit()).toBe('open 3');
    // Others are none of its business.
    expect((await world.done('echo free')).answer).toMatchObject({ body: 'free' });
    claudeDoes('touch "$HOME/held-ran"', overloaded);
    // With retries of its own: a probe that will be tried again must not be waited for for ever.
    const held = await world.mcp.ok('orch_dispatch', { to: 'claude2', body: 'Four' });
    await world.home.killHost();
    expect(await circuit()).toBe('open 3');
    const [before] = (await transcript(held['thread_id'])).executions;
    expect(before).toMatchObject({ id: held['execution_id'], execution_status: 'queued', started_at: null });
    expect(existsSync(join(world.user, 'held-ran'))).toBe(false);
    expect(await world.left('began')).not.toContain(String(held['execution_id']));
    await pauseOver();
    // The probe fails: it is open again, not for ever.
    await vi.waitFor(async () => expect(await circuit()).toBe('open 4'), { timeout: 60_000 });
    expect((await transcript(held['thread_id'])).executions[0]).toMatchObject({
      id: held['execution_id'],
      execution_status: 'failed',
    });
    await world.mcp.ok('orch_abandon', { thread_id: held['thread_id'] });
    claudeDoes(init('well'), result('well', 'Well again.'));
    const next = await world.mcp.ok('orch_dispatch', { to: 'claude', body: 'Five' });
    await pauseOver();
    expect(await world.mcp.ok('orch_wait', { thread_id: next['thread_id'] })).toMatchObject({ body: 'Well again.' });
    expect(await circuit()).toBe('closed 0');
  });

  test('does not count what a person stopped (defect 8)', async () => {
    world.hold('stopped');
    claudeDoes(
      init('stopped'),
      'touch "$HOME/stopped-begun"',
      'while [ -e "$HOME/hold-stopped" ]; do sleep 0.05; done',
      overloaded,
    );
    const { thread_id: thread } = await world.mcp.ok('orch_dispatch', { to: 'claude', body: 'Wait' });
    await world.left('stopped-begun');
    await world.mcp.ok('orch_abandon', { thread_id: thread });
    expect(await circuit()).toBe('closed 0');
    expect((await transcript(thread)).messages.map(({ intent }) => intent)).toEqual(['dispatch']);
  });
});
