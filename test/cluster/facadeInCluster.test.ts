import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, connect, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { KubeConfig, KubernetesObjectApi, type V1Deployment, type V1Pod } from '@kubernetes/client-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../../src/build/runCommand.ts';
import { inRepository } from '../../src/build/paths.ts';
import { clusterUnderTest, presentCluster } from '../support/cluster.ts';
import type { ContainerHost } from '../support/containerHost.ts';
import { upstreamKey, whole } from '../support/facadeHost.ts';
import { manifestsIn } from '../support/manifests.ts';
import { clusterAdmin, podHost, shownThread } from '../support/podHost.ts';

/** Each over a connection of its own, as many programs do. */
const caller = `
const { request } = require('http');
const call = (n, left) => {
  const asked = request(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST', agent: false,
    headers: { 'x-api-key': process.env.ANTHROPIC_AUTH_TOKEN, 'content-type': 'application/json' } }, answer => {
    let size = 0;
    answer.on('data', bytes => size += bytes.length);
    answer.on('end', () => { console.log('call', n, answer.statusCode, size); if (left > 0) call(n + 1, left - 1); });
  });
  asked.on('error', error => console.log(error.message));
  asked.end(JSON.stringify({ model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'Hello' }] }));
};
call(1, 3);`;

/** Of Anthropic's API. */
const streamed = [
  { type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } },
  { type: 'message_delta', usage: { output_tokens: 5 } },
].map(event => `data: ${JSON.stringify(event)}\n\n`) as [string, string];

describe.runIf(clusterUnderTest().kind === 'there')('a facade in the cluster', () => {
  test('calls models for runs in pods, and the host counts each call of its processes, also of those that end', async () => {
    const cluster = await inNamespace();
    const { namespace, node } = cluster;
    const keys: (string | undefined)[] = [];
    let pods: readonly V1Pod[] = [];
    const upstream = await listening('0.0.0.0', (request, response) => {
      keys.push(request.headers['x-api-key']?.toString());
      request.resume();
      if (keys.length < 4) return void response.writeHead(200, { 'content-type': 'application/json' }).end(whole);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(streamed[0]);
      void cluster.ending(pods).finally(() => response.end(streamed[1]));
    });
    const script = `cat >/dev/null; env | grep -c ${upstreamKey}; node -e '${caller.replaceAll("'", `'\\''`)}'`;
    const host = await podHost({
      script,
      driver: { facade: `muster-facade.${namespace}` },
      agent: {
        image: presentCluster().nodeImage,
        llm: { via: 'facade', upstream: 'anthropic' },
        budget: { usd_per_run: 1 },
      },
    });
    const { home, repository, run } = host;
    const hostKey = (await home.muster(['facade', 'key'])).stdout.trim();
    const settings = { upstreams: { anthropic: { endpoint: `http://${node}:${upstream}` } } };
    pods = await cluster.facade({ hostKey, settings });
    const address = await cluster.serve(pods);

    expect(await findingsOf(host)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ status: 'ok', found: expect.stringContaining('2 of 2 pods are ready') as string }),
        expect.objectContaining({ status: 'ok', name: 'right to pods/proxy' }),
      ]),
    );

    const id = await run('Ask a model');
    const thread = await shownThread(host);
    expect(thread, thread.latest_run.error?.message).toMatchObject({ status: 'ready' });
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    const sizes = [whole.length, whole.length, whole.length, streamed.join('').length];
    expect(said).toBe(`0\n${sizes.map((size, index) => `call ${index + 1} 200 ${size}\n`).join('')}`);
    expect(keys).toEqual(Array(4).fill(upstreamKey));
    expect(address.counts.every(count => count === 2)).toBe(true);
    const { calls, spent } = (await home.musterJson(['models', 'calls', id])) as {
      calls: readonly object[];
      spent: { calls: number; input_tokens: number; cost_usd: number };
    };
    expect(calls).toHaveLength(4);
    expect(spent).toMatchObject({ calls: 4, input_tokens: 3007 });
    expect(spent.cost_usd).toBeGreaterThan(0);

    const policies = await cluster.policies();
    const own = policies.find(({ metadata }) => metadata?.name?.startsWith('muster-facade-'));
    expect(own?.spec?.egress).toEqual([
      {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
            podSelector: { matchLabels: { 'app.kubernetes.io/name': 'muster-facade' } },
          },
        ],
        ports: [{ port: 7411, protocol: 'TCP' }],
      },
    ]);
  });

  test('that is not there keeps a run from starting, in words', async () => {
    const host = await podHost({
      script: 'echo ran',
      driver: { facade: 'nowhere' },
      agent: { llm: 'facade', image: presentCluster().nodeImage },
    });
    await host.run('Ask');
    const { latest_run: latest } = await shownThread(host);
    expect(latest).toMatchObject({ status: 'failed' });
    expect(latest.error?.message).toContain('There is no service nowhere in namespace default');
    expect(await findingsOf(host)).toContainEqual(expect.objectContaining({ name: 'facade nowhere', status: 'fail' }));
  });
});

/** What `muster cluster check` finds; it ends early here, where nobody enforces network policies. */
async function findingsOf({ home, repository }: ContainerHost): Promise<readonly object[]> {
  const { stdout } = await home.muster(['cluster', 'check', '--json'], { cwd: repository });
  const { agents } = JSON.parse(stdout) as { agents: readonly { readonly findings: readonly object[] }[] };
  return agents.flatMap(({ findings }) => findings);
}

/** A namespace with what this machine has to do for a cluster that has no kube-proxy. */
async function inNamespace() {
  const { core, networking, namespace: ofPods } = clusterAdmin();
  const config = new KubeConfig();
  config.loadFromFile(presentCluster().kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  const namespace = `facade-${Date.now()}`;
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  onTestFinished(async () => void (await core.deleteNamespace({ name: namespace })));
  const { items: nodes } = await core.listNode();
  const node = nodes[0]?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  const labelSelector = 'app.kubernetes.io/name=muster-facade';
  return {
    namespace,
    node,
    policies: async () => (await networking.listNamespacedNetworkPolicy({ namespace: ofPods })).items,
    /** Looks at what they said, ends them as a rollout does, and waits until they take no new connections. */
    async ending(pods: readonly V1Pod[]): Promise<void> {
      for (const { metadata, status } of pods) {
        const name = metadata?.name ?? '';
        const log = await core.readNamespacedPodLog({ name, namespace });
        expect(log).toContain('The facade serves models');
        for (const secret of [upstreamKey, 'muster_far_']) expect(log).not.toContain(secret);
        await core.deleteNamespacedPod({ name, namespace });
        await expect.poll(() => refuses(7411, status?.podIP ?? ''), { timeout: 60_000 }).toBe(true);
      }
    },
    /** The deployment as it ships, but for its image: here the node is this machine, which has what was built. */
    async facade({ hostKey, settings }: { readonly hostKey: string; readonly settings: object }) {
      const data = { 'host-keys': hostKey, 'models.json': JSON.stringify(settings) };
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'muster-facade' }, data } });
      const secret = { metadata: { name: 'muster-model-keys' }, stringData: { ANTHROPIC_API_KEY: upstreamKey } };
      await core.createNamespacedSecret({ namespace, body: secret });
      for (const each of manifestsIn('images/host/kubernetes/facade', namespace)) {
        if (each.kind === 'RoleBinding') continue;
        if (each.kind === 'Deployment') onThisMachine(each);
        await api.create(each);
      }
      const ready = async (): Promise<readonly V1Pod[]> => {
        const { items } = await core.listNamespacedPod({ namespace, labelSelector });
        return items.filter(({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
        );
      };
      await expect.poll(async () => (await ready()).length, { timeout: 90_000 }).toBe(2);
      return await ready();
    },
    /** What kube-proxy does: connections to the service's address go to its pods, one after the other. */
    async serve(pods: readonly V1Pod[]) {
      const service = await core.readNamespacedService({ name: 'muster-facade', namespace });
      const address = service.spec?.clusterIP ?? '';
      const bridge = Object.entries(networkInterfaces()).find(([, of]) => of?.some(each => each.address === node))?.[0];
      await runCommand('ip', ['address', 'add', `${address}/32`, 'dev', bridge ?? '']);
      const counts = pods.map(() => 0);
      let turn = 0;
      const server = createTcpServer(socket => {
        const index = turn++ % pods.length;
        counts[index] = (counts[index] ?? 0) + 1;
        const to = connect(7411, pods[index]?.status?.podIP ?? '');
        socket.pipe(to).pipe(socket);
        for (const each of [socket, to]) each.on('error', () => [socket, to].forEach(other => other.destroy()));
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen(7411, address, resolve);
      await promise;
      onTestFinished(async () => {
        server.close();
        await runCommand('ip', ['address', 'delete', `${address}/32`, 'dev', bridge ?? ''], { accept: [0, 1, 2] });
      });
      return { counts };
    },
  };
}

function onThisMachine({ spec }: V1Deployment): void {
  const pod = spec?.template.spec;
  const [container] = pod?.containers ?? [];
  if (!pod || !container) throw new Error('The deployment has no container.');
  container.image = presentCluster().nodeImage;
  container.imagePullPolicy = 'Never';
  container.command = ['node', '/opt/muster/dist/cli.js'];
  container.volumeMounts?.push({ name: 'dist', mountPath: '/opt/muster/dist', readOnly: true });
  pod.volumes?.push({ name: 'dist', hostPath: { path: inRepository('dist') } });
}

async function refuses(port: number, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, host, () => resolve(false)).once('error', () => resolve(true));
  const refused = await promise;
  socket.destroy();
  return refused;
}

/** A server of this machine that pods reach; its port. */
async function listening(host: string, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, host, resolve);
  await promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
