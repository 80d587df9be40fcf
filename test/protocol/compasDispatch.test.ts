import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { mcpWorld, shellProvider } from '../support/mcpWorld.ts';

/** How compas dispatches, scans and claims, asked of Muster over MCP. The numbers are those of `test/support/compasBehaviours.ts`. */

const compose = `name: shop
limits: {concurrency: 6, queued: 3}
providers:
${shellProvider}
agents:
  dev: {provider: shell, system_prompt: ": Be careful."}
  twin: {provider: shell, system_prompt: ": Be careful."}
  other: {provider: shell, system_prompt: ": Be quick."}
  bare: {provider: shell}
  single: {provider: shell, concurrency: 1}
  author: {provider: shell, handoff: {on_response: [bare, other], max_depth: 2}}
hooks:
  on_run_started: [{command: sh, args: ["-c", 'cat >> "$HOME/began"; echo >> "$HOME/began"']}]
`;

const world = mcpWorld(compose);

const counts = async (): Promise<unknown> => {
  const { thread_counts: threads, total_messages: messages } = await world.mcp.ok('orch_metrics');
  return { threads, messages };
};

test('a dispatch makes a thread and a message that say what was asked (1, 2, 3)', async () => {
  const { mcp } = world;
  const task = { from: 'operator', to: 'dev', body: 'echo ok', intent: 'dispatch', summary: 'One line', batch: 'b1' };
  const sent = await mcp.ok('orch_dispatch', task);
  const { thread_id: thread, message_id: message } = sent;
  expect(await mcp.ok('orch_transcript', { thread_id: thread })).toMatchObject({
    thread_id: thread,
    summary: 'One line',
    batch_id: 'b1',
    messages: [{ id: message, from: 'operator', to: 'dev', intent: 'dispatch', body: 'echo ok' }],
    executions: [{ id: sent['execution_id'], agent: 'dev', dispatch_message_id: message, attempt_number: 0 }],
  });
  expect(await mcp.ok('orch_status', { thread_id: thread })).toMatchObject({
    threads: [{ thread_id: thread, summary: 'One line', batch_id: 'b1' }],
  });
  const another = await mcp.ok('orch_dispatch', { to: 'dev', body: 'echo ok' });
  expect(another['thread_id']).not.toBe(thread);
  // The batch and the words of a follow-up do not take the thread's away.
  await mcp.ok('orch_dispatch_and_wait', { to: 'dev', body: 'echo more', thread_id: thread });
  expect(await mcp.ok('orch_transcript', { thread_id: thread })).toMatchObject({ summary: 'One line', batch_id: 'b1' });
});

test('an unknown agent is an error that names the known ones, and nothing is stored (4)', async () => {
  const before = await counts();
  const { isError, text } = await world.mcp.call('orch_dispatch', { to: 'nobody', body: 'echo' });
  expect({ isError, text }).toMatchObject({
    isError: true,
    text: expect.stringMatching(/nobody.*author, bare, dev, other, single, twin/),
  });
  expect(await counts()).toEqual(before);
});

test('an intent that nobody would act on is refused, and nothing is stored (5, 16)', async () => {
  const before = await counts();
  const { text } = await world.mcp.call('orch_dispatch', { to: 'dev', body: 'echo', intent: 'status-update' });
  expect(text).toMatch(/Nothing would ever run for the intent "status-update".*dispatch, handoff, changes-requested/);
  const person = await world.mcp.call('orch_dispatch', { to: 'operator', body: 'echo' });
  expect(person).toMatchObject({ isError: true, text: expect.stringContaining('[agent.unknown]') as string });
  expect(await counts()).toEqual(before);
});

test('each intent that asks for work runs, on the same thread in the same place (6, 7)', async () => {
  const { mcp } = world;
  const first = await world.done('pwd');
  for (const intent of ['handoff', 'changes-requested']) {
    const more = { to: 'dev', body: 'pwd', intent, thread_id: first.thread };
    expect(await mcp.ok('orch_dispatch_and_wait', more)).toMatchObject({
      thread_id: first.thread,
      body: first.answer['body'],
    });
  }
  const { executions } = await mcp.ok('orch_transcript', { thread_id: first.thread });
  expect(executions).toMatchObject(Array.from({ length: 3 }, () => ({ execution_status: 'completed' })));
});

test('a task for later is there, waits, starts when it is due and not before (8, 14, 19, defect 22)', async () => {
  const { mcp } = world;
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const waiting = await mcp.ok('orch_dispatch', {
    to: 'dev',
    body: 'echo later',
    scheduled_for: later,
    summary: 'Night',
  });
  expect(waiting).toMatchObject({ scheduled_for: later, execution_id: expect.stringMatching(/./) as string });
  const soon = new Date(Date.now() + 500).toISOString();
  const due = await mcp.ok('orch_dispatch_and_wait', { to: 'dev', body: 'echo due', scheduled_for: soon });
  expect(due).toMatchObject({ found: true });
  const { executions } = (await mcp.ok('orch_transcript', { thread_id: due['thread_id'] })) as {
    executions: { started_at: string }[];
  };
  expect(Date.parse(executions[0]?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(soon));
  const row = { thread_id: waiting['thread_id'], summary: 'Night', execution_status: 'queued', eligible_at: later };
  expect((await mcp.ok('orch_tasks', { filter: 'scheduled' }))['tasks']).toMatchObject([row]);
  expect(await mcp.ok('orch_status')).toMatchObject({ scheduled_count: 1 });
  expect((await mcp.call('orch_tasks', { filter: 'whatever' })).text).toMatch(/scheduled/);
  expect(await mcp.ok('orch_abandon', { thread_id: waiting['thread_id'] })).toMatchObject({
    status: 'Abandoned',
    executions_cancelled: 1,
    processes_killed: 0,
  });
  await world.reaches(waiting['thread_id'], 'cancelled');
  expect(await mcp.ok('orch_tasks', { filter: 'scheduled' })).toEqual({ tasks: [] });
});

test('a time that is over, or is none, is refused with what was written, and nothing is stored (9)', async () => {
  const before = await counts();
  const task = { to: 'dev', body: 'echo' };
  const past = await world.mcp.call('orch_dispatch', { ...task, scheduled_for: '2020-01-01T00:00:00Z' });
  expect(past.text).toMatch(/2020-01-01.*is over; it is 20/);
  const none = await world.mcp.call('orch_dispatch', { ...task, scheduled_for: 'tomorrow' });
  expect(none.text).toMatch(/"tomorrow".*RFC 3339/);
  expect(await counts()).toEqual(before);
});

test('a dispatch to a thread that is over opens it again and says so; to an open one it does not (10, 11, defect 1)', async () => {
  const { mcp } = world;
  for (const status of ['completed', 'failed']) {
    const { thread } = await world.done('echo nothing changed');
    await mcp.ok('orch_close', { thread_id: thread, status });
    const again = await mcp.ok('orch_dispatch_and_wait', { to: 'dev', body: 'echo again', thread_id: thread });
    const word = status === 'completed' ? 'Completed' : 'Failed';
    expect(again).toMatchObject({ found: true, reopened: true, previous_status: word });
    expect(await mcp.ok('orch_dispatch', { to: 'dev', body: 'echo more', thread_id: thread })).not.toHaveProperty(
      'reopened',
    );
  }
  // The work of an abandoned one was put away: it is brought back first, by name.
  const { thread } = await world.done('echo kept | tee kept.txt');
  await mcp.ok('orch_abandon', { thread_id: thread });
  expect((await mcp.call('orch_dispatch', { to: 'dev', body: 'cat kept.txt', thread_id: thread })).isError).toBe(true);
  expect(await mcp.ok('orch_reopen', { thread_id: thread })).toMatchObject({ previous_status: 'Abandoned' });
  expect(await mcp.ok('orch_dispatch_and_wait', { to: 'dev', body: 'cat kept.txt', thread_id: thread })).toMatchObject({
    body: expect.stringContaining('kept') as string,
  });
});

test('where the agent hands its work on, the next step says to await the chain, with whom and how often (12)', async () => {
  const { mcp } = world;
  const chain = await mcp.ok('orch_dispatch', { to: 'author', body: 'hold never; exit 1' });
  expect(chain['next_step']).toMatch(/await_chain: true.*author hands its work to bare, other.*at most 2 times/);
  const alone = await mcp.ok('orch_dispatch', { to: 'author', body: 'exit 1', skip_handoff: true });
  expect(alone['next_step']).not.toContain('await_chain');
  expect((await mcp.ok('orch_dispatch', { to: 'dev', body: 'echo' }))['next_step']).not.toContain('await_chain');
});

test('a limit of an agent holds its next task back and nobody else’s; a full queue says what is in it (13, 18)', async () => {
  const { mcp } = world;
  world.hold('single');
  const send = async (to: string) => (await mcp.ok('orch_dispatch', { to, body: 'hold single' }))['thread_id'];
  const working = await send('single');
  await world.reaches(working, 'executing');
  const held = [await send('single'), await send('single'), await send('single')];
  // The queue has room for three.
  const full = await mcp.call('orch_dispatch', { to: 'single', body: 'hold single' });
  expect(full).toMatchObject({ isError: true });
  expect(full.text).toMatch(
    /3 runs of shop are queued already \(limits\.queued: 3\): single on .*Wait, cancel one.*\[queue\.full\]/,
  );
  for (const thread of held) await world.reaches(thread, 'queued');
  expect(
    ((await mcp.ok('orch_list_agents'))['agents'] as { alias: string }[]).find(({ alias }) => alias === 'single'),
  ).toMatchObject({
    active: 1,
    queued: 3,
    available: 0,
    max_concurrent: 1,
  });
  await mcp.ok('orch_abandon', { thread_id: held[0] });
  const free = await mcp.ok('orch_dispatch_and_wait', { to: 'bare', body: 'echo free' });
  expect(free).toMatchObject({ found: true });
  world.release('single');
  for (const thread of [working, held[1], held[2]]) await world.reaches(thread, 'completed');
});

test('a message is run once, also when the host dies between the two (15, 17)', async () => {
  const { mcp } = world;
  world.hold('once');
  const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'echo ran >> "$HOME/once"\nhold once\necho over' });
  await world.left('once');
  await world.home.killHost();
  world.release('once');
  expect(await mcp.ok('orch_wait', { thread_id: sent['thread_id'] })).toMatchObject({ found: true });
  expect(await world.left('once')).toBe('ran\n');
  const { executions } = await mcp.ok('orch_transcript', { thread_id: sent['thread_id'] });
  expect(executions).toHaveLength(1);
});

test('an execution says which instructions it had: the same hash for the same, none without (20)', async () => {
  const hashes: unknown[] = [];
  for (const to of ['dev', 'twin', 'other', 'bare']) {
    const { thread } = await world.done('echo', { to, body: ': nothing\necho ok' });
    const { executions } = (await world.mcp.ok('orch_transcript', { thread_id: thread })) as {
      executions: { prompt_hash: string | null }[];
    };
    const { tasks } = (await world.mcp.ok('orch_tasks', { alias: to, limit: 1 })) as {
      tasks: { prompt_hash: string | null }[];
    };
    expect(tasks[0]?.prompt_hash).toBe(executions[0]?.prompt_hash);
    hashes.push(executions[0]?.prompt_hash);
  }
  const [dev, twin, other, bare] = hashes;
  expect(dev).toMatch(/^[0-9a-f]{16}$/);
  expect(twin).toBe(dev);
  expect(other).toMatch(/^[0-9a-f]{16}$/);
  expect(other).not.toBe(dev);
  expect(bare).toBeNull();
});

test('nothing starts on a thread that was closed, whatever was queued on it (16, defect 7)', async () => {
  const { mcp } = world;
  world.hold('closed');
  const working = await mcp.ok('orch_dispatch', { to: 'single', body: 'hold closed' });
  const queued = await mcp.ok('orch_dispatch', { to: 'single', body: 'touch "$HOME/ran-closed"' });
  await mcp.ok('orch_close', { thread_id: queued['thread_id'], status: 'failed' });
  world.release('closed');
  await world.reaches(working['thread_id'], 'completed');
  await world.reaches(queued['thread_id'], 'cancelled');
  expect((await mcp.ok('orch_dispatch_and_wait', { to: 'single', body: 'echo next' }))['found']).toBe(true);
  expect(existsSync(join(world.user, 'ran-closed'))).toBe(false);
});

test('what an execution begins, ends and leads to is told to whoever asks (21)', async () => {
  const { thread } = await world.done('echo said');
  await vi.waitFor(
    async () => {
      const { events } = (await world.home.musterJson(['events', '--source', 'muster'])) as {
        events: { topic: string; payload: { thread?: string } }[];
      };
      const topics = events.filter(({ payload }) => payload.thread === thread).map(({ topic }) => topic);
      expect(topics.toSorted()).toEqual(['muster.run.completed', 'muster.thread.ready']);
    },
    { timeout: 60_000 },
  );
  // A hook writes when it comes to it, and not in one piece.
  const began = async () => {
    const lines = (await world.left('began')).trim().split('\n');
    const all = lines.map(line => JSON.parse(line) as { thread: string });
    return all.filter(each => each.thread === thread);
  };
  await expect.poll(began).toMatchObject([{ event: 'run_started', agent: 'dev' }]);
});
