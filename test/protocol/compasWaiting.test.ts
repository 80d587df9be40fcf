import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { closed, landingWorld, writes } from '../support/landingWorld.ts';

/** How waits and threads end, asked of Muster over MCP. The numbers are those of `test/support/compasBehaviours.ts`. */

const { merge, refused, work, world } = landingWorld();

describe('waiting', () => {
  test('finds what is there, what comes, what an intent or a cursor asks for, and not what was asked itself (48)', async () => {
    const { mcp } = world;
    world.hold('words');
    const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold words\necho one' });
    const thread = sent['thread_id'];
    expect(await mcp.ok('orch_wait', { thread_id: thread, timeout_secs: 1 })).toMatchObject({
      found: false,
      seen: [{ intent: 'dispatch' }],
    });
    const coming = mcp.ok('orch_wait', { thread_id: thread });
    world.release('words');
    const first = await coming;
    expect(first).toMatchObject({ found: true, intent: 'response', body: 'one' });
    const second = await mcp.ok('orch_dispatch_and_wait', { to: 'dev', body: 'echo two', thread_id: thread });
    expect(await mcp.ok('orch_wait', { thread_id: thread })).toMatchObject({ reference: second['reference'] });
    expect(await mcp.ok('orch_wait', { thread_id: thread, intent: 'dispatch' })).toMatchObject({ body: 'echo two' });
    expect(await mcp.ok('orch_wait', { thread_id: thread, since_reference: first['reference'] })).toMatchObject({
      body: 'two',
    });
    expect(await refused('orch_wait', { thread_id: thread, intent: 'error' })).toContain('none will come by itself');
    expect(await refused('orch_wait', { thread_id: thread, since_reference: 'db:nothing' })).toContain('no message');
  });

  test('has no ceiling: what is asked for is what is waited, and nothing is cut down (49)', async () => {
    const { mcp } = world;
    const { thread } = await world.done('echo there');
    const found = await mcp.ok('orch_wait', { thread_id: thread, timeout_secs: 10_000_000 });
    for (const field of ['clamped', 'effective_timeout_secs', 'requested_timeout_secs', 'timeout_secs'])
      expect(found).not.toHaveProperty(field);
    world.hold('ceiling');
    const sent = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold ceiling\necho late' });
    const stop = new AbortController();
    const waiting = mcp.call(
      'orch_wait',
      { thread_id: sent['thread_id'], timeout_secs: '100000000' },
      { signal: stop.signal },
    );
    world.release('ceiling');
    expect((await waiting).result).toMatchObject({ found: true, body: 'late' });
  });

  test('tells every ten seconds that it goes on', async () => {
    world.hold('slow');
    const { thread_id: thread } = await world.mcp.ok('orch_dispatch', { to: 'dev', body: 'hold slow\necho late' });
    const told: (string | undefined)[] = [];
    const onprogress = ({ message }: { readonly message?: string }): void => {
      told.push(message);
      world.release('slow');
    };
    const found = await world.mcp.call('orch_wait', { thread_id: thread }, { onprogress });
    expect(found.result).toMatchObject({ found: true, body: 'late' });
    expect(told).toContainEqual(expect.stringMatching(/./));
  });

  test('a look finds the same without waiting (50)', async () => {
    const { mcp } = world;
    const { thread, answer } = await world.done('echo one');
    expect(await mcp.ok('orch_poll', { thread_id: thread })).toMatchObject({
      thread_status: 'Active',
      matched_messages: 1,
      latest_message_ref: answer['reference'],
      latest_intent: 'response',
      latest_body_preview: 'one',
      execution_status: 'completed',
    });
    expect(await mcp.ok('orch_poll', { thread_id: thread, intent: 'dispatch' })).toMatchObject({ matched_messages: 1 });
    const after = await mcp.ok('orch_poll', { thread_id: thread, since_reference: answer['reference'] });
    expect(after).toMatchObject({ matched_messages: 0 });
    expect(after).not.toHaveProperty('latest_message_id');
    expect(await refused('orch_poll', { thread_id: 'zzzzzz' })).toContain('[thread.unknown]');
  });
});

describe('ending', () => {
  test('completing wants the changes merged, whatever became of merges before; failing, and one without changes, do not (52, 53)', async () => {
    const { mcp } = world;
    const thread = await work('echo theirs > app.txt\necho Done.');
    expect(await refused('orch_close', closed(thread))).toMatch(/Merge it first/);
    // One that failed is none.
    writeFileSync(join(world.repository, 'app.txt'), 'mine\n');
    world.git('commit', '--quiet', '--all', '--message', 'Mine');
    expect(await merge(thread)).toMatchObject({ status: 'failed', state: 'conflicted' });
    expect(await refused('orch_close', closed(thread))).toMatch(/Merge it first/);
    expect(await mcp.ok('orch_close', { ...closed(thread, 'failed'), note: 'In the way' })).toMatchObject({
      status: 'Failed',
    });
    const { messages } = await mcp.ok('orch_transcript', { thread_id: thread });
    expect((messages as object[]).at(-1)).toMatchObject({ intent: 'failure', body: 'In the way', from: 'operator' });
    // Nor is one that is still at work.
    const pending = await work(writes('pending.txt'));
    world.hold('verify');
    const queued = await mcp.ok('orch_merge', { thread_id: pending });
    expect(await refused('orch_close', closed(pending))).toMatch(/\[(merge\.refused|thread\.merging|thread\.busy)\]/);
    world.release('verify');
    await mcp.ok('orch_wait_merge', { op_id: queued['op_id'] });
    expect(await mcp.ok('orch_close', closed(pending))).toMatchObject({ status: 'Completed' });
    const idle = await work('echo nothing to merge');
    expect(await mcp.ok('orch_close', { ...closed(idle), note: 'Read it' })).toMatchObject({ status: 'Completed' });
    const shared = await work('echo here', { to: 'here' });
    expect(await mcp.ok('orch_close', closed(shared))).toMatchObject({ status: 'Completed' });
    expect(await refused('orch_close', closed('zzzzzz'))).toContain('[thread.unknown]');
  });

  test('abandoning tells what it stopped and where the work is; an unknown thread is an error (54)', async () => {
    world.hold('abandoned');
    const { thread_id: thread } = await world.mcp.ok('orch_dispatch', { to: 'dev', body: 'hold abandoned' });
    await world.reaches(thread, 'executing');
    expect(await world.mcp.ok('orch_abandon', { thread_id: thread })).toMatchObject({
      status: 'Abandoned',
      executions_cancelled: 1,
      processes_killed: 1,
      worktree_branch: expect.stringMatching(/^muster\//) as string,
    });
    expect(await refused('orch_abandon', { thread_id: 'zzzzzz' })).toContain('[thread.unknown]');
  });

  test('opening again says what it was; an open one and an unknown one are errors (55)', async () => {
    const { mcp } = world;
    const thread = await work('echo nothing');
    expect(await refused('orch_reopen', { thread_id: thread })).toContain('[thread.busy]');
    await mcp.ok('orch_close', closed(thread));
    expect(await mcp.ok('orch_reopen', { thread_id: thread })).toEqual({
      thread_id: thread,
      previous_status: 'Completed',
      new_status: 'Active',
    });
    expect(await refused('orch_reopen', { thread_id: 'zzzzzz' })).toContain('[thread.unknown]');
  });

  test('a batch is abandoned whole, without what is over already; an unknown one is an error (56)', async () => {
    const { mcp } = world;
    const over = await work('echo over', { batch: 'all' });
    await mcp.ok('orch_close', closed(over));
    world.hold('batch');
    const { thread_id: working } = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold batch', batch: 'all' });
    const later = new Date(Date.now() + 3_600_000).toISOString();
    await mcp.ok('orch_dispatch', { to: 'dev', body: 'echo', batch: 'all', scheduled_for: later });
    await world.reaches(working, 'executing');
    expect(await mcp.ok('orch_abandon_batch', { batch_id: 'all' })).toEqual({
      batch_id: 'all',
      threads_abandoned: 2,
      threads_already_terminal: 1,
      total_executions_cancelled: 2,
      total_processes_killed: 1,
    });
    expect(await refused('orch_abandon_batch', { batch_id: 'none' })).toContain('no batch "none"');
  });

  test('a task goes from its dispatch to its end, both ways (57)', async () => {
    const { mcp } = world;
    const good = await work(writes('flow.txt'));
    expect(await merge(good)).toMatchObject({ found: true, status: 'completed' });
    expect(await mcp.ok('orch_close', closed(good))).toEqual({ thread_id: good, status: 'Completed' });
    const bad = await work('exit 3');
    expect(await mcp.ok('orch_close', closed(bad, 'failed'))).toEqual({ thread_id: bad, status: 'Failed' });
  });
});
