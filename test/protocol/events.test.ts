import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat > asked.txt; echo done"]}
agents:
  writer:
    provider: shell
    scheduler:
      triggers:
        - name: release
          event: {topic: external.release, where: {channel: stable}}
          prompt: Write notes for \${{ event.payload.version }}.
  scribe:
    provider: shell
    scheduler:
      triggers:
        - event: {topic: muster.merge.merged}
          prompt: \${{ event.payload.summary }} landed as \${{ event.payload.commit }}.
`;

interface Listed {
  readonly events: readonly {
    readonly id: string;
    readonly sequence: number;
    readonly topic: string;
    readonly state: string;
    readonly deliveries: readonly { readonly agent_name: string; readonly state: string; readonly thread_id: string }[];
  }[];
}

test('a published event starts a run, its merge is an event that starts the next, and all of it can be looked at', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  const listed = async (...args: readonly string[]): Promise<Listed['events']> =>
    ((await home.musterJson(['events', ...args], { cwd: repository })) as Listed).events;
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });

  const unheard = await run('event', 'publish', 'external.release', '{"channel":"beta","version":"2.0.0"}');
  expect(unheard).toMatchObject({ status: 0, stderr: expect.stringContaining('No trigger listens') });
  const stable = ['event', 'publish', 'external.release', '{"channel":"stable","version":"1.2.0"}', '--key', 'r1'];
  const { stdout: id } = await run(...stable);
  expect(await run(...stable)).toMatchObject({ stdout: id, stderr: expect.stringContaining('published before') });
  expect(await run('event', 'publish', 'external.release', '{}', '--key', 'r1')).toMatchObject({ status: 2 });
  expect(await run('event', 'publish', 'muster.run.completed')).toMatchObject({ status: 2 });

  const released = async () => (await listed('--topic', 'external.*')).find(event => event.id === id.trim());
  await expect.poll(async () => (await released())?.state, { timeout: 30_000 }).toBe('delivered');
  const thread = (await released())?.deliveries[0]?.thread_id ?? '';
  expect(await run('wait', thread, '--timeout', '60')).toMatchObject({ status: 0 });
  expect((await run('logs', thread)).stdout).toContain('Write notes for 1.2.0.');

  expect(await run('merge', thread)).toMatchObject({ status: 0 });
  const merged = async () => (await listed('--topic', 'muster.merge.merged'))[0];
  await expect.poll(async () => (await merged())?.deliveries[0]?.state, { timeout: 60_000 }).toBe('run_succeeded');
  expect((await run('logs', (await merged())?.deliveries[0]?.thread_id ?? '')).stdout).toMatch(
    /Write notes for 1\.2\.0\. landed as [0-9a-f]{40}/,
  );
  expect((await run('events')).stdout).toMatch(/muster\.merge\.merged +muster +delivered +scribe/);
});

test('following prints each event as it is published', async () => {
  const home = testHome(programs);
  await home.muster(['event', 'publish', 'external.a', '{"n":1}']);
  const lines = Promise.withResolvers<string>();
  let seen = '';
  const following = home.muster(['events', '--follow', '--json', '--after', '1', '--topic', 'external.*'], {
    onStart: child => {
      child.stdout?.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.includes('"external.c"')) lines.resolve(seen);
      });
      void lines.promise.then(() => child.kill('SIGINT'));
    },
  });
  await home.muster(['event', 'publish', 'external.b', '{"n":2}']);
  await home.muster(['event', 'publish', 'external.c', '{"n":3}']);
  const events = (await lines.promise)
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { topic: string; payload: object });
  expect(events.map(({ topic, payload }) => [topic, payload])).toEqual([
    ['external.b', { n: 2 }],
    ['external.c', { n: 3 }],
  ]);
  await following;
});

test('an event that is not there is said to be unknown, by a host that is there', async () => {
  const home = testHome(programs);
  const unknown = await home.muster(['event', 'inspect', 'nope']);
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringMatching(/^muster: There is no event "nope"/) });
});
