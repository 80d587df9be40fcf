import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';
import { timedHome } from '../support/timedHome.ts';

/** agent-compose’s scenarios of schedules and events that no other test of this folder has, against a real host. */

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const signal = new AbortController().signal;

async function applied(home: TestHome, compose: string): Promise<string> {
  const repository = testRepository({ 'agent-compose.yml': compose });
  const up = await home.muster(['up', '--yes'], { cwd: repository });
  expect(up, up.stderr).toMatchObject({ status: 0 });
  return repository;
}

test('SCH-003: sticky goes on in one thread and its worktree, new begins one each time', async () => {
  const home = testHome(programs);
  const repository = await applied(
    home,
    `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat > /dev/null; echo line >> lines.txt; wc -l < lines.txt"]}
agents:
  same:
    provider: shell
    scheduler: {sandbox_policy: sticky, triggers: [{name: t, interval: 10h}]}
  fresh:
    provider: shell
    scheduler: {sandbox_policy: new, triggers: [{name: t, interval: 10h}]}
`,
  );
  const answers = async (agent: string): Promise<readonly string[]> => {
    const said: string[] = [];
    for (let round = 0; round < 2; round++) {
      const fired = await home.musterJson(['scheduler', 'trigger', agent, 't'], { cwd: repository });
      const { thread_id: thread } = fired as { thread_id: string };
      await home.muster(['wait', thread, '--timeout', '60'], { cwd: repository });
      const { thread: found } = await (await home.connect()).threads.getThread({ threadId: thread }, { signal });
      said.push(`${thread} ${found?.latestRun?.answer}`);
    }
    return said;
  };
  const [one = '', two = ''] = await answers('same');
  expect(two.split(' ')).toEqual([one.split(' ')[0], '2']);
  const [three = '', four = ''] = await answers('fresh');
  expect([three.split(' ')[1], four.split(' ')[1]]).toEqual(['1', '1']);
  expect(three.split(' ')[0]).not.toBe(four.split(' ')[0]);
});

test('SCH-004: a script sees success, failure, a time limit and a structured answer, and its record has each', async () => {
  const home = testHome(programs);
  const repository = await applied(
    home,
    `name: shop
providers:
  shell: {command: sh, args: ["-c", 'task=$(head -n 1); case $task in fail) exit 3;; sleep) sleep 300;; json) echo "{\\"worth\\":true}";; words) echo no json;; *) echo done;; esac']}
agents:
  worker:
    provider: shell
    scheduler:
      script: |
        const schema = scheduler.z.object({ worth: scheduler.z.boolean() });
        const tried = work => { try { return work(); } catch (error) { return 'threw: ' + error.message; } };
        function main() {
          return {
            ok: scheduler.agent('ok').success,
            failed: tried(() => scheduler.agent('fail')),
            late: tried(() => scheduler.agent('sleep', { timeout: '1s' })),
            json: scheduler.agent('json', { outputSchema: schema }).json,
            words: tried(() => scheduler.agent('words', { outputSchema: schema })),
          };
        }
`,
  );
  const fired = await home.musterJson(['scheduler', 'trigger', 'worker'], { cwd: repository });
  const { script_run_id: id } = fired as { script_run_id: string };
  const { run } = await (await home.connect()).schedules.getScriptRun({ id, wait: true }, { signal });
  expect(run).toMatchObject({ status: 'succeeded', error: '' });
  expect(JSON.parse(run?.result ?? '')).toEqual({
    ok: true,
    failed: expect.stringMatching(/^threw: worker failed/),
    late: expect.stringMatching(/^threw: It took longer than 1000 ms/),
    json: { worth: true },
    words: expect.stringMatching(/^threw: The answer is no JSON/),
  });
  expect(run?.calls.map(({ error }) => error === '')).toEqual([true, false, false, true, false]);
  const { threads } = await (await home.connect()).threads.listThreads({}, { signal });
  const ended = Object.groupBy(threads, ({ latestRun }) => latestRun?.status ?? '');
  expect([ended['succeeded']?.length, ended['failed']?.length, ended['cancelled']?.length]).toEqual([3, 1, 1]);
});

test('EVT-002: what cannot be queued is tried again, also by the next host, given up in the end, and taken up by a person', async () => {
  let time = Date.UTC(2031, 0, 1, 12);
  const home = timedHome(programs, time);
  const repository = await applied(
    home,
    `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat"]}
  sleeper: {command: sleep, args: ["600"]}
limits: {queued: 1}
agents:
  busy: {provider: sleeper, concurrency: 1}
  worker:
    provider: shell
    scheduler: {triggers: [{name: heard, event: {topic: external.it}, prompt: Do it}]}
`,
  );
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  const waiting = { timeout: 60_000 };
  /** One task at work and one that waits: there is no room for another. */
  const fill = async (): Promise<readonly string[]> => {
    const threads: string[] = [];
    for (const task of ['work', 'wait']) {
      const [thread = ''] = (await run('dispatch', 'busy', task)).stdout.split(' ', 1);
      threads.push(thread);
      const status = async () =>
        (await (await home.connect()).threads.getThread({ threadId: thread }, { signal })).thread?.latestRun?.status;
      await expect.poll(status, waiting).toBe(task === 'work' ? 'running' : 'queued');
    }
    return threads;
  };
  const empty = async (threads: readonly string[]): Promise<void> => {
    for (const thread of threads.toReversed()) expect(await run('cancel', thread)).toMatchObject({ status: 0 });
  };
  const publish = async (): Promise<string> =>
    (await (await home.connect()).topics.publishEvent({ topic: 'external.it' }, { signal })).event?.id ?? '';
  const delivery = async (id: string) =>
    (await (await home.connect()).topics.getTopicEvent({ id }, { signal })).event?.deliveries[0];
  /** However late an attempt is, the time for the next one has come when this looks again. */
  const hasState = (id: string) =>
    expect.poll(async () => {
      home.setTime((time += 11 * 60_000));
      return (await delivery(id))?.state;
    }, waiting);

  const crowd = await fill();
  const first = await publish();
  await expect.poll(async () => (await delivery(first))?.state, waiting).toBe('retrying');
  await empty(crowd);
  await hasState(first).toBe('run_succeeded');

  const longer = await fill();
  const second = await publish();
  await expect.poll(async () => (await delivery(second))?.state, waiting).toBe('retrying');
  const before = (await delivery(second))?.attempts ?? 0;
  await home.killHost();
  const after = await delivery(second);
  expect(after?.state).toBe('retrying');
  expect(after?.attempts).toBeGreaterThanOrEqual(before);
  await hasState(second).toBe('dead_letter');
  expect(await delivery(second)).toMatchObject({ attempts: 4, runId: '', reason: expect.stringMatching(/queue/i) });

  await empty(longer);
  expect((await run('events', '--topic', 'external.it')).stdout).toMatch(/dead_letter/);
  expect(await run('event', 'replay', second)).toMatchObject({ status: 0 });
  await hasState(second).toBe('run_succeeded');
  // What went well is not done again.
  expect((await run('event', 'replay', second)).stdout).toContain('run_succeeded');
  const { threads } = await (await home.connect()).threads.listThreads({}, { signal });
  expect(threads.filter(({ agent }) => agent === 'worker')).toHaveLength(2);
});
