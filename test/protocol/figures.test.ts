import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** `broken` has no program. */
const file = `name: shop
providers:
  counting:
    command: sh
    args: ["-c", "echo ok > made.txt; echo Done."]
  missing:
    command: no-such-program-anywhere
agents:
  writer: {provider: counting}
  broken: {provider: missing}
`;

test('tasks, metrics, health and cost say the same as the threads', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const at = { cwd: repository };
  expect(await home.muster(['up', '--yes'], at)).toMatchObject({ status: 0 });
  const first = (await home.musterJson(['dispatch', 'writer', 'Make a file', '--wait'], at)) as { thread_id: string };
  await home.musterJson(['dispatch', 'writer', 'Later', '--at', '2099-01-01T00:00:00Z', '--batch', 'night'], at);

  expect(await home.musterJson(['tasks'], at)).toMatchObject({
    tasks: [
      { summary: 'Later', batch: 'night', run: { status: 'queued', due_reason: 'scheduled' } },
      { thread_id: first.thread_id, summary: 'Make a file', run: { status: 'succeeded', agent: 'writer' } },
    ],
  });
  expect(await home.musterJson(['tasks', '--scheduled'], at)).toMatchObject({ tasks: [{ summary: 'Later' }] });
  expect(await home.musterJson(['tasks', '--batch', 'day'], at)).toEqual({ tasks: [] });
  expect((await home.muster(['tasks', '--limit', '1'], at)).stdout).toMatch(
    /^THREAD .*\n\w+ {2}writer {2}queued .*night {2}Later\n$/,
  );

  expect(await home.musterJson(['metrics'], at)).toMatchObject({
    threads: { ready: 1, queued: 1 },
    queued_runs: 1,
    active_by_agent: [],
    runs: 2,
    failed_runs: 0,
    runs_with_cost: 0,
    cost_usd: 0,
  });
  // What nobody knows is not called nothing.
  expect((await home.muster(['metrics'], at)).stdout).toMatch(/Spent +0 tokens, the cost of 2 runs is not known/);

  const health = await home.muster(['health', '--json'], at);
  expect(health.status).toBe(1);
  expect(JSON.parse(health.stdout)).toMatchObject({
    agents: [
      { agent: 'writer', project: 'shop', healthy: true, circuit: 'closed', problem: null },
      { agent: 'broken', healthy: false, problem: expect.stringContaining('no-such-program-anywhere') as string },
    ],
  });
  expect(await home.muster(['health', 'writer'], at)).toMatchObject({ status: 0 });
  expect(await home.muster(['health', 'nobody'], at)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('writer, broken') as string,
  });

  expect(await home.musterJson(['cost', '--by', 'agent,batch', '--days', '1'], at)).toMatchObject({
    usage: [
      { agent: 'writer', batch: '', runs: 1, failed: 0, runs_with_cost: 0 },
      { agent: 'writer', batch: 'night', runs: 1 },
    ],
  });
  expect((await home.muster(['cost'], at)).stderr).toContain('The cost of 2 of these runs is not known.');
  expect(await home.muster(['cost', '--by', 'week'], at)).toMatchObject({ status: 2 });
});

test('a thread is closed by its merge, whose end is waited for, and opened again', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const at = { cwd: repository };
  await home.muster(['up', '--yes'], at);
  const { thread_id: id } = (await home.musterJson(['dispatch', 'writer', 'Make a file', '--wait'], at)) as {
    thread_id: string;
  };
  expect(await home.muster(['close', id, '--into', 'main'], at)).toMatchObject({ status: 2 });
  expect(await home.muster(['close', id, '--merge', '--failed'], at)).toMatchObject({ status: 2 });
  const merge = (await home.musterJson(['close', id, '--merge', '--strategy', 'squash'], at)) as { merge_id: string };
  const waited = await home.muster(['wait', 'merge', '--op-id', merge.merge_id], at);
  expect(waited).toMatchObject({ status: 0 });
  expect(waited.stdout).toMatch(
    new RegExp(`^op_id=${merge.merge_id}\nthread_id=${id}\nstatus=merged\ntarget_branch=main\ncommit=`),
  );
  expect(await home.musterJson(['wait-merge', '--op-id', merge.merge_id], at)).toMatchObject({ status: 'merged' });
  expect(await home.muster(['wait-merge', '--op-id', '000000000000'], at)).toMatchObject({ status: 2 });
  expect(await home.muster(['wait', 'merge'], at)).toMatchObject({ status: 2 });

  const other = (await home.musterJson(['dispatch', 'writer', 'Another', '--wait'], at)) as { thread_id: string };
  const closed = (await home.musterJson(['close', other.thread_id, '--failed', '--note', 'Not wanted.'], at)) as {
    outcome: string;
  };
  expect(closed.outcome).toBe('failed');
  const { messages } = await (await home.connect()).threads.getThread({ threadId: other.thread_id });
  expect(messages.at(-1)).toMatchObject({ intent: 'failure', body: 'Not wanted.' });
  expect(await home.musterJson(['reopen', other.thread_id], at)).toMatchObject({ outcome: 'open' });
  expect(await home.muster(['reopen', other.thread_id], at)).toMatchObject({ status: 1 });
});
