import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { containerHost, git, type ContainerHost } from '../support/containerHost.ts';
import { dockerCli, dockerUnderTest } from '../support/docker.ts';
import { interruptibleWay } from '../support/interruptibleWay.ts';
import { other, otherMachine } from '../support/otherMachine.ts';

const docker = dockerUnderTest();
const { host: here, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

/** Works until somebody lets it go. */
const script = 'echo up; until [ -e /tmp/go ]; do sleep 0.1; done; echo went on >>went.txt; echo over';
/** All that an engine has, so that two of them are never on one. */
const whole = { cpus: availableParallelism() };

async function pool(hosts: readonly string[], certificates: string): Promise<ContainerHost> {
  const env = { DOCKER_CERT_PATH: certificates, DOCKER_TLS_VERIFY: '1' };
  const agent = { driver: { docker: { hosts } }, resources: whole, concurrency: 4 };
  return await containerHost({ host: here, image, script, env, profile: env, agent });
}

async function dispatched({ home, repository }: ContainerHost, task: string, ...more: string[]): Promise<string> {
  const sent = await home.musterJson(['dispatch', 'dev', task, ...more], { cwd: repository });
  return (sent as { thread_id: string }).thread_id;
}

async function said({ home, repository }: ContainerHost, id: string): Promise<string> {
  return (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
}

async function isUp(host: ContainerHost, id: string): Promise<void> {
  await expect.poll(() => said(host, id), { timeout: 60_000 }).toMatch(/up\n$/);
}

async function isOver({ home, repository }: ContainerHost, id: string): Promise<void> {
  expect(await home.muster(['wait', id, '--timeout', '90'], { cwd: repository })).toMatchObject({ status: 0 });
}

async function progress({ home, repository }: ContainerHost): Promise<string> {
  return (await home.muster(['sandbox', 'stats', '--json'], { cwd: repository })).stdout;
}

describe.runIf(docker.kind === 'there')('several engines', () => {
  const containersOf = (thread: string): string[] => [
    'ps',
    '-q',
    '--filter',
    `label=dev.muster.thread=${thread}`,
    '--filter',
    'label=dev.muster.role=run',
  ];

  test('runs go where there is room, wait where there is none, stay where they were, and are adopted there', async () => {
    const { address, certificates } = await otherMachine(here, [image]);
    const host = await pool([here, address], certificates);
    const { home, repository } = host;
    const onFirst = (id: string): string => dockerCli(here, ...containersOf(id)).trim();
    const onSecond = (id: string): string => other(address, certificates, ...containersOf(id));
    const letGo = (id: string): void => void dockerCli(here, 'exec', onFirst(id), 'touch', '/tmp/go');

    const first = await dispatched(host, 'First');
    await isUp(host, first);
    const second = await dispatched(host, 'Second');
    await isUp(host, second);
    expect([onFirst(first), onSecond(first)]).toEqual([expect.stringMatching(/./), '']);
    expect([onFirst(second), onSecond(second)]).toEqual(['', expect.stringMatching(/./)]);

    const third = await dispatched(host, 'Third');
    const taken = `${whole.cpus} of ${whole.cpus} processors and`;
    await expect.poll(() => progress(host), { timeout: 30_000 }).toContain(`Waiting for an engine (${taken}`);
    // What was seen ten seconds ago is told.
    await expect
      .poll(async () => (await home.muster(['status'], { cwd: repository })).stdout, {
        timeout: 60_000,
        interval: 1_000,
      })
      .toMatch(
        new RegExp(
          `^docker +.*: 2 of 2 engines answer · ${2 * whole.cpus} of ${2 * whole.cpus} CPUs and .* GB asked for · 2 running · 1 waiting for an engine · ${taken}`,
          'm',
        ),
      );
    await home.killHost();
    letGo(first);
    await isOver(host, first);
    await isUp(host, third);
    expect(onFirst(third)).not.toBe('');

    other(address, certificates, 'exec', onSecond(second), 'touch', '/tmp/go');
    await isOver(host, second);
    const { head } = (await home.musterJson(['approve', second], { cwd: repository })) as { head: string };
    expect(git(repository, 'show', `${head}:went.txt`)).toBe('went on');
    // What its conversation left is there alone.
    await dispatched(host, 'Again', '--thread', second);
    await expect.poll(() => onSecond(second), { timeout: 60_000 }).not.toBe('');
    for (const id of [second, third])
      expect(await home.muster(['cancel', id], { cwd: repository })).toMatchObject({ status: 0 });
  });

  test('an engine that is away is passed by, a run on it waits, and so does who comes back to it', async () => {
    const { address, certificates } = await otherMachine(here, [image]);
    const way = await interruptibleWay(Number(new URL(address).port));
    const far = `tcp://127.0.0.1:${way.port}`;
    const host = await pool([far, here], certificates);
    const { home, repository } = host;
    const first = await dispatched(host, 'First');
    await isUp(host, first);
    const container = other(address, certificates, ...containersOf(first));
    expect(container).not.toBe('');
    way.close();
    const second = await dispatched(host, 'Second');
    await isUp(host, second);
    expect(dockerCli(here, ...containersOf(second)).trim()).not.toBe('');
    const third = await dispatched(host, 'Third');
    await expect.poll(() => progress(host), { timeout: 30_000 }).toContain(`${far} does not answer`);
    expect(await home.muster(['cancel', third], { cwd: repository })).toMatchObject({ status: 0 });

    other(address, certificates, 'exec', container, 'touch', '/tmp/go');
    await way.open();
    await isOver(host, first);
    expect(await said(host, first)).toBe('up\nover\n');
    way.close();
    await dispatched(host, 'Again', '--thread', first);
    await expect
      .poll(() => progress(host), { timeout: 30_000 })
      .toContain(`Waiting for an engine (${far} does not answer)`);
    await way.open();
    await expect.poll(() => other(address, certificates, ...containersOf(first)), { timeout: 60_000 }).not.toBe('');
    for (const id of [first, second])
      expect(await home.muster(['cancel', id], { cwd: repository })).toMatchObject({ status: 0 });
  });

  test('none that is large enough: the run fails, and says what each has', async () => {
    const host = await containerHost({
      host: here,
      image,
      script: 'true',
      agent: { driver: { docker: { hosts: [here] } }, resources: { memory: '9000g' } },
    });
    const { home, repository } = host;
    await host.run('Too much');
    const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
      threads: readonly { latest_run: { status: string; error?: { message: string } } }[];
    };
    expect(threads[0]?.latest_run).toMatchObject({ status: 'failed' });
    expect(threads[0]?.latest_run.error?.message).toMatch(
      /^No engine is large enough for what the agent asks for: unix:.* has \d+ processors/,
    );
  });
});

test.runIf(docker.kind === 'missing')('several engines', ({ skip }) => {
  skip(docker.kind === 'missing' ? docker.reason : '');
});
