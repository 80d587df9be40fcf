import { readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterUnderTest } from '../support/cluster.ts';
import { git } from '../support/containerHost.ts';
import { clusterAdmin, podHost, shownThread } from '../support/podHost.ts';
import { nodeVolume } from '../support/nodeVolume.ts';

describe.runIf(clusterUnderTest().kind === 'there')('a pod is made as the file says', () => {
  test('on nodes with a label whose taint it tolerates, with another runtime and secrets for its image', async () => {
    const { core, runtimes, namespace, podsOf } = clusterAdmin();
    const name = 'muster-node';
    const patch = async (path: string, value: unknown): Promise<void> =>
      void (await core.patchNode({ name, body: [{ op: 'add', path, value }] }));
    await patch('/metadata/labels/pool', 'agents');
    await patch('/spec/taints', [{ key: 'agents', value: 'yes', effect: 'NoSchedule' }]);
    onTestFinished(() => patch('/spec/taints', []));
    await runtimes.createRuntimeClass({ body: { metadata: { name: 'own' }, handler: 'runc' } });
    onTestFinished(async () => void (await runtimes.deleteRuntimeClass({ name: 'own' })));
    const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
    const secret = { metadata: { name: 'registry' }, type: 'kubernetes.io/dockerconfigjson', data };
    await core.createNamespacedSecret({ namespace, body: secret });
    onTestFinished(async () => void (await core.deleteNamespacedSecret({ namespace, name: 'registry' })));

    const own = { node_selector: { pool: 'agents' }, runtime_class: 'own', image_pull_secrets: ['registry'] };
    const kept = await podHost({ script: 'echo ran', driver: own });
    const at = { cwd: kept.repository };
    const sent = await kept.home.musterJson(['dispatch', 'dev', 'Wait'], at);
    const { thread_id: waiting } = sent as { thread_id: string };
    await expect
      .poll(async () => (await kept.home.muster(['sandbox', 'stats', '--json'], at)).stdout, { timeout: 60_000 })
      .toContain('1 node(s) had untolerated taint');
    expect(await kept.home.muster(['cancel', waiting], at)).toMatchObject({ status: 0 });

    const tolerations = [{ key: 'agents', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }];
    const script = 'echo up; until [ -e /tmp/go ]; do sleep 0.1; done';
    const host = await podHost({ script, driver: { ...own, tolerations } });
    const began = await host.home.musterJson(['dispatch', 'dev', 'Go'], { cwd: host.repository });
    const { thread_id: id } = began as { thread_id: string };
    await expect
      .poll(async () => (await host.home.muster(['logs', id, '--raw'], { cwd: host.repository })).stdout, {
        timeout: 90_000,
      })
      .toBe('up\n');
    const [pod] = await podsOf(id);
    expect(pod?.spec).toMatchObject({ runtimeClassName: 'own', imagePullSecrets: [{ name: 'registry' }] });
    expect(await host.home.muster(['cancel', id], { cwd: host.repository })).toMatchObject({ status: 0 });
  });

  test('with a claim of the namespace, which lasts from run to run', async () => {
    const { core, namespace } = clusterAdmin();
    const path = await nodeVolume('cache', 'by-hand');
    const claim = {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'by-hand',
    };
    await core.createNamespacedPersistentVolumeClaim({ namespace, body: { metadata: { name: 'cache' }, spec: claim } });
    onTestFinished(async () => void (await core.deleteNamespacedPersistentVolumeClaim({ namespace, name: 'cache' })));
    const host = await podHost({
      script: 'cat >/dev/null; cat /cache/kept 2>/dev/null; echo kept >/cache/kept; echo over',
      agent: { volumes: ['cache:/cache'] },
      project: { volumes: { cache: { name: 'cache', external: true } } },
    });
    const { home, repository } = host;
    await host.run('First');
    expect(readdirSync(path)).toEqual(['kept']);
    const second = await host.run('Second');
    expect((await home.muster(['logs', second, '--raw'], { cwd: repository })).stdout).toBe('kept\nover\n');
  });

  test('on volumes of a storage class, from which its work comes back', async () => {
    const { core, storage, namespace } = clusterAdmin();
    const body = { metadata: { name: 'fast' }, provisioner: 'kubernetes.io/no-provisioner' };
    await storage.createStorageClass({ body });
    onTestFinished(async () => void (await storage.deleteStorageClass({ name: 'fast' })));
    for (const name of ['fast-one', 'fast-two']) await nodeVolume(name, 'fast');
    const script = 'cat readme.md; echo new >new.txt; git add -A; git commit -qm "By the agent"; df . | tail -1';
    const host = await podHost({ script, driver: { storage: 'fast' } });
    const { home, repository } = host;
    const id = await host.run('Work on it');
    const thread = await shownThread(host);
    expect(thread, thread.latest_run.error?.message).toMatchObject({ status: 'ready' });
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'show', `${head}:new.txt`)).toBe('new');
    // They are made with the pod and go with it, unlike those of caches.
    const claims = { namespace, labelSelector: '!muster.dev/cache' };
    await expect
      .poll(async () => (await core.listNamespacedPersistentVolumeClaim(claims)).items.length, { timeout: 60_000 })
      .toBe(0);
  });
});
