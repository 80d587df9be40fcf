import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterUnderTest, presentCluster } from '../support/cluster.ts';
import type { ContainerHost } from '../support/containerHost.ts';
import { clusterAdmin, podHost } from '../support/podHost.ts';

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly found: string;
  readonly advice?: string;
  readonly fixed: boolean;
}

/** By name, and the status with which the command ended. */
async function checked({ home, repository }: ContainerHost, ...args: readonly string[]) {
  const { stdout, status, stderr } = await home.muster(['cluster', 'check', '--json', ...args], { cwd: repository });
  if (stdout === '') throw new Error(stderr);
  const { agents } = JSON.parse(stdout) as { agents: readonly { readonly findings: readonly Finding[] }[] };
  const findings = agents.flatMap(each => each.findings);
  return { status, of: (name: string) => findings.find(each => each.name === name), findings };
}

async function ownNamespace(): Promise<string> {
  const { core } = clusterAdmin();
  const name = `check-${Date.now()}`;
  onTestFinished(async () => void (await core.deleteNamespace({ name }).catch(() => undefined)));
  return name;
}

/** As a network plugin does it that knows policies: pods at these addresses get no way out. */
async function enforced(addressesOf: () => Promise<readonly string[]>, signal: AbortSignal): Promise<void> {
  const { kubeconfig } = presentCluster();
  const closed = new Set<string>();
  while (!signal.aborted) {
    for (const address of await addressesOf()) {
      const place = closed.has(address)
        ? undefined
        : placesOf(dirname(kubeconfig)).find(each => hasAddress(each, address));
      if (place === undefined) continue;
      for (const low of ['0', '128']) {
        const half = `${address.replace(/\d+$/, low)}/25`;
        execFileSync('nsenter', [`--net=${place}`, 'ip', 'route', 'add', 'blackhole', half]);
      }
      closed.add(address);
    }
    await setImmediate();
  }
}

/** Networks of pods. */
function placesOf(cluster: string): readonly string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '');
  return mounts.filter(path => path.startsWith(`${cluster}/`) && path.includes('/netns/'));
}

function hasAddress(place: string, address: string): boolean {
  const told = execFileSync('nsenter', [`--net=${place}`, 'ip', '-oneline', 'address'], { encoding: 'utf8' });
  return told.includes(` ${address}/`);
}

describe.runIf(clusterUnderTest().kind === 'there')('before anything is dispatched, muster cluster check', () => {
  test('makes the namespace that is missing, tries a pod and finds that nobody enforces network policies', async () => {
    const namespace = await ownNamespace();
    const host = await podHost({ script: 'true', driver: { namespace, service_account: 'agents' } });
    const before = await checked(host);
    expect(before.status).toBe(1);
    expect(before.of('namespace')).toMatchObject({ status: 'fail', found: `there is no namespace ${namespace}` });
    expect(before.of('pod')?.found).toMatch(/^not tried before this is mended: namespace/);
    const mended = await checked(host, '--fix');
    expect(mended.of('namespace')).toMatchObject({ status: 'ok', fixed: true });
    expect(mended.of('service account agents')).toMatchObject({ status: 'ok', fixed: true });
    expect(mended.of('network policy')).toMatchObject({ status: 'ok', fixed: true });
    expect(mended.of('nodes')).toMatchObject({ status: 'ok', found: '1 of 1 nodes can take a pod' });
    expect(mended.of('right to pods/exec')).toMatchObject({ status: 'ok' });
    expect(mended.of('pod'), JSON.stringify(mended.findings)).toMatchObject({ status: 'ok' });
    // The image of these tests has everything but node.
    expect(mended.of('image')?.found).toMatch(/^it has no node/);
    // The cluster of these tests has a plain bridge, which knows no policies.
    const enforced = mended.of('network policy enforcement');
    expect(enforced?.found).toContain('nobody enforces network policies here');
    expect(enforced?.status).toBe('fail');
    const { batch, core } = clusterAdmin();
    expect((await batch.listNamespacedJob({ namespace })).items).toEqual([]);
    await expect
      .poll(async () => (await core.listNamespacedPod({ namespace })).items.length, { timeout: 60_000 })
      .toBe(0);
  });

  test('finds that network policies are enforced where a pod under one is kept from another', async () => {
    const namespace = await ownNamespace();
    const host = await podHost({ script: 'true', driver: { namespace } });
    const { core } = clusterAdmin();
    const done = new AbortController();
    const enforcing = enforced(async () => {
      const labelSelector = 'muster.dev/network=closed';
      const { items } = await core.listNamespacedPod({ namespace, labelSelector });
      return items.flatMap(({ status }) => status?.podIP ?? []);
    }, done.signal);
    const { status, of, findings } = await checked(host, '--fix');
    done.abort();
    await enforcing;
    expect(of('network policy enforcement')?.found, JSON.stringify(findings)).toBe(
      'it was kept from a pod that another pod reached',
    );
    expect(status).toBe(0);
  });

  test('tells somebody without rights which, and how to get them', async () => {
    const host = await podHost({ script: 'true', driver: { context: 'limited' } });
    const { status, of } = await checked(host);
    expect(status).toBe(1);
    expect(of('right to pods')).toMatchObject({ status: 'fail', found: 'you may not list, watch, delete' });
    expect(of('right to jobs')?.advice).toContain(
      'kubectl --namespace default create role muster-jobs --verb=create,delete,list --resource=jobs',
    );
    expect(of('nodes')).toMatchObject({ status: 'unknown' });
  });

  test('tells what the file names and the cluster has not, a full quota, and a node that does not fit', async () => {
    const namespace = await ownNamespace();
    const { core } = clusterAdmin();
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    const quotaOf = () => core.readNamespacedResourceQuota({ namespace, name: 'pods' });
    await core.createNamespacedResourceQuota({
      namespace,
      body: { metadata: { name: 'pods' }, spec: { hard: { pods: '0' } } },
    });
    const driver = {
      namespace,
      storage: 'absent',
      runtime_class: 'kata',
      image_pull_secrets: ['registry'],
      cache: { storage: 'shared' },
    };
    const host = await podHost({ script: 'true', driver: { ...driver, node_selector: { pool: 'agents' } } });
    await expect.poll(async () => (await quotaOf()).status?.used, { timeout: 60_000 }).toEqual({ pods: '0' });
    const { of } = await checked(host);
    expect(of('quota')).toMatchObject({ status: 'warn', found: 'used up: pods 0 of 0' });
    for (const name of [
      'storage class absent',
      'storage class of the cache shared',
      'runtime class kata',
      'pull secret registry',
    ])
      expect(of(name)).toMatchObject({ status: 'fail', found: 'it is not there' });
    expect(of('right to persistentvolumeclaims')).toMatchObject({ status: 'ok', found: 'you may create, get' });
    expect(of('nodes')).toMatchObject({
      status: 'warn',
      found: '0 of 1 nodes can take a pod (1 without pool=agents)',
    });
  });

  test('tells of an image that the nodes cannot get, in their words', async () => {
    const host = await podHost({ script: 'true', agent: { image: 'muster.test/absent:1' } });
    const { status, of } = await checked(host);
    expect(status).toBe(1);
    expect(of('pod')?.found).toMatch(/cannot get the image muster\.test\/absent:1: ErrImageNeverPull/);
  });
});
