import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterUnderTest, kubeconfigTo, presentCluster, serverOf } from '../support/cluster.ts';
import { git, type ContainerHost } from '../support/containerHost.ts';
import { interruptibleWay } from '../support/interruptibleWay.ts';
import { clusterAdmin, podHost, shownThread } from '../support/podHost.ts';

/** Works until somebody lets it go. */
const waits = 'echo begun >>begun.txt; echo up; until [ -e /tmp/go ]; do sleep 0.1; done; echo went on';

async function begun(host: ContainerHost): Promise<string> {
  const { home, repository } = host;
  const sent = await home.musterJson(['dispatch', 'dev', 'Wait'], { cwd: repository });
  const { thread_id: id } = sent as { thread_id: string };
  await expect.poll(() => saidBy(host, id), { timeout: 90_000 }).toContain('up');
  return id;
}

async function saidBy({ home, repository }: ContainerHost, id: string): Promise<string> {
  return (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
}

async function ended({ home, repository }: ContainerHost, id: string): Promise<void> {
  await home.muster(['wait', id, '--timeout', '120'], { cwd: repository });
}

/** Whoever may enter pods. */
async function letGo(thread: string): Promise<void> {
  const { enter } = clusterAdmin();
  await enter(thread, ['/bin/sh', '-c', ': >/tmp/go']);
}

/** The only job of a thread is gone, and so is its pod. */
async function nothingIsLeft(thread: string): Promise<void> {
  const { jobsOf, podsOf } = clusterAdmin();
  await expect
    .poll(async () => (await jobsOf(thread)).length + (await podsOf(thread)).length, { timeout: 90_000 })
    .toBe(0);
}

describe.runIf(clusterUnderTest().kind === 'there')('what happens to a run in a cluster when', () => {
  test('its host is killed: the next one adopts it, and it ran once', async () => {
    const host = await podHost({ script: waits });
    const { home, repository } = host;
    const id = await begun(host);
    expect(await sandboxOf(host)).toMatchObject({
      state: 'running',
      node: 'muster-node',
      phase: 'Running',
      happenings: expect.arrayContaining([expect.stringMatching(/^Scheduled: /), expect.stringMatching(/^Started: /)]),
      usage: { processes: expect.any(Number) },
    });
    await home.killHost();
    await letGo(id);
    await ended(host, id);
    expect(await saidBy(host, id)).toBe('up\nwent on\n');
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'show', `${head}:begun.txt`)).toBe('begun');
    await nothingIsLeft(id);
  });

  test('its host is killed and a person cancels: it is stopped', async () => {
    const host = await podHost({ script: waits });
    const id = await begun(host);
    await host.home.killHost();
    expect(await host.home.muster(['cancel', id], { cwd: host.repository })).toMatchObject({ status: 0 });
    expect(await shownThread(host)).toMatchObject({ latest_run: { status: 'cancelled' } });
    await nothingIsLeft(id);
  });

  test.each(['delete', 'evict'] as const)('somebody ends its pod (%s): it is lost, with the reason', async how => {
    const host = await podHost({ script: 'echo up; sleep 600' });
    const id = await begun(host);
    const { core, podsOf, namespace } = clusterAdmin();
    const [pod] = await podsOf(id);
    const name = pod?.metadata?.name ?? '';
    if (how === 'delete') await core.deleteNamespacedPod({ namespace, name });
    else await core.createNamespacedPodEviction({ name, namespace, body: { metadata: { name, namespace } } });
    await ended(host, id);
    const { latest_run: run } = await shownThread(host);
    expect(run.status).toBe('lost');
    expect(run.error?.message).toMatch(/^The cluster ended the run: (its pod was deleted|EvictionByEvictionAPI)/);
    await nothingIsLeft(id);
  });

  test('the API server is away for a while: it goes on, and all that it said is here', async () => {
    const way = await interruptible();
    const host = await podHost({ script: waits, kubeconfig: way.kubeconfig });
    const id = await begun(host);
    way.close();
    await letGo(id);
    await way.open();
    await ended(host, id);
    expect(await saidBy(host, id)).toBe('up\nwent on\n');
    await nothingIsLeft(id);
  });

  test('the API server is started again: it goes on, and comes back once', async () => {
    const host = await podHost({ script: waits });
    const id = await begun(host);
    const before = apiServer();
    process.kill(Number(before), 'SIGKILL');
    await expect.poll(() => [before, ''].includes(apiServer()), { timeout: 60_000 }).toBe(false);
    const { core } = clusterAdmin();
    await expect
      .poll(
        () =>
          core.listNode().then(
            () => true,
            () => false,
          ),
        { timeout: 90_000 },
      )
      .toBe(true);
    await letGo(id);
    await ended(host, id);
    expect(await saidBy(host, id)).toBe('up\nwent on\n');
    await nothingIsLeft(id);
  });

  test('its node is drained: it is lost, with the reason, and what comes next waits until the node is back', async () => {
    const host = await podHost({ script: 'echo up; sleep 600' });
    const id = await begun(host);
    const { core, podsOf, namespace } = clusterAdmin();
    const cordon = async (unschedulable: boolean): Promise<void> => {
      const body = [{ op: 'replace', path: '/spec/unschedulable', value: unschedulable }];
      await core.patchNode({ name: 'muster-node', body: unschedulable ? [{ ...body[0], op: 'add' }] : body });
    };
    await cordon(true);
    onTestFinished(() => cordon(false));
    const [pod] = await podsOf(id);
    const name = pod?.metadata?.name ?? '';
    await core.createNamespacedPodEviction({ name, namespace, body: { metadata: { name, namespace } } });
    await ended(host, id);
    const { latest_run: run } = await shownThread(host);
    expect(run.status).toBe('lost');
    const { home, repository } = host;
    await home.musterJson(['dispatch', 'dev', 'Again', '--thread', id], { cwd: repository });
    await expect
      .poll(async () => JSON.stringify(await sandboxOf(host)), { timeout: 60_000 })
      .toContain('1 node(s) were unschedulable');
    await cordon(false);
    await expect.poll(() => saidBy(host, id), { timeout: 90_000 }).toMatch(/up\n$/);
    expect(await home.muster(['cancel', id], { cwd: repository })).toMatchObject({ status: 0 });
    await nothingIsLeft(id);
  });

  test('it fills the volume that its work comes back from: it ends, with the reason', async () => {
    const script = 'echo up; cat >/dev/null; while :; do head -c 10000000 /dev/zero >>more.bin || sleep 600; done';
    const host = await podHost({ script, agent: { resources: { disk: '64m' } } });
    const id = await host.run('Fill it');
    await ended(host, id);
    const { latest_run: run } = await shownThread(host);
    expect(run.status).toBe('lost');
    expect(run.error?.message).toMatch(/^The cluster ended the run: Evicted: .*(exceeds|exceeded).*limit/);
    await nothingIsLeft(id);
  });

  test('its image is missing: it fails, in the words of the node', async () => {
    const host = await podHost({ script: 'true', agent: { image: 'muster.test/absent:1' } });
    const id = await host.run('Begin');
    const thread = await shownThread(host);
    expect(thread.latest_run.status).toBe('failed');
    expect(thread.latest_run.error?.message).toMatch(/cannot get the image muster\.test\/absent:1: ErrImageNeverPull/);
    await nothingIsLeft(id);
  });

  test('no node has room: it waits, and says so in the words of the scheduler', async () => {
    const host = await podHost({ script: 'true', agent: { resources: { memory: '900g' } } });
    const { home, repository } = host;
    await home.musterJson(['dispatch', 'dev', 'Wait'], { cwd: repository });
    const shown = async (): Promise<string> =>
      (await home.muster(['sandbox', 'stats', '--json'], { cwd: repository })).stdout;
    await expect
      .poll(shown, { timeout: 60_000 })
      .toContain('Waiting for the cluster (0/1 nodes are available: 1 Insufficient memory)');
    const id = await onlyThread(host);
    expect(await home.muster(['cancel', id], { cwd: repository })).toMatchObject({ status: 0 });
    expect(await shownThread(host)).toMatchObject({ latest_run: { status: 'cancelled' } });
    await nothingIsLeft(id);
  });

  test('the quota is used up: it waits, and can be cancelled', async () => {
    const { core } = clusterAdmin();
    const namespace = `quota-${Date.now()}`;
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    onTestFinished(async () => void (await core.deleteNamespace({ name: namespace })));
    const quota = { metadata: { name: 'pods' }, spec: { hard: { pods: '0' } } };
    await core.createNamespacedResourceQuota({ namespace, body: quota });
    const host = await podHost({ script: 'echo ran', driver: { namespace } });
    const { home, repository } = host;
    await home.musterJson(['dispatch', 'dev', 'Wait'], { cwd: repository });
    const shown = async (): Promise<string> =>
      (await home.muster(['sandbox', 'stats', '--json'], { cwd: repository })).stdout;
    await expect.poll(shown, { timeout: 90_000 }).toMatch(/Waiting for the cluster \(exceeded quota: pods/);
    const id = await onlyThread(host);
    expect(await home.muster(['cancel', id], { cwd: repository })).toMatchObject({ status: 0 });
  });

  test('it uses more memory than it may: it ends, and nothing of it is left', async () => {
    const script = 'cat >/dev/null; exec perl -e \'$x = "a" x (512 * 1024 * 1024); sleep 60\'';
    const host = await podHost({ script, agent: { resources: { memory: '128m' } } });
    const id = await host.run('Eat');
    const thread = await shownThread(host);
    expect(['failed', 'lost']).toContain(thread.latest_run.status);
    await nothingIsLeft(id);
  });
});

/** The only one, as a person sees it. */
async function sandboxOf({ home, repository }: ContainerHost): Promise<unknown> {
  const shown = await home.musterJson(['sandbox', 'stats'], { cwd: repository });
  return (shown as { sandboxes: readonly unknown[] }).sandboxes[0];
}

/** The process of the cluster under test; empty while there is none. */
function apiServer(): string {
  const own = `--cert-dir=${join(dirname(presentCluster().kubeconfig), 'api-certs')}`;
  const numbers = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  return numbers.find(pid => commandOf(pid).includes(own)) ?? '';
}

/** Of one that ended meanwhile: none. */
function commandOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

async function onlyThread({ home, repository }: ContainerHost): Promise<string> {
  const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
    threads: readonly { thread_id: string }[];
  };
  return threads[0]?.thread_id ?? '';
}

/** A way to the API server that can be cut. */
async function interruptible() {
  const { kubeconfig } = presentCluster();
  const way = await interruptibleWay(Number(serverOf(kubeconfig).port));
  return { ...way, kubeconfig: kubeconfigTo(kubeconfig, `https://127.0.0.1:${way.port}`) };
}
