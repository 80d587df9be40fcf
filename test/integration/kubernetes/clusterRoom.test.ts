import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import { ClusterRoom } from '../../../src/drivers/kubernetes/clusterRoom.js';
import { KubernetesCluster } from '../../../src/drivers/kubernetes/kubernetesCluster.js';
import { FakeClock } from '../../support/clock.js';

const gibibyte = 1024 ** 3;
const noRuns = { atWork: 0, waiting: [] };

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** An API server that says what a test wants of nodes and pods. */
async function clusterSaying(answer: (path: string, query: URLSearchParams) => Answer | undefined) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://host');
    asked.push(url.pathname);
    const { status, body } = answer(url.pathname, url.searchParams) ?? { status: 404, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const config = new KubeConfig();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: 'far', server: url, skipTLSVerify: true }, { name: 'ada' });
  const clock = new FakeClock();
  return { room: new ClusterRoom(new KubernetesCluster(config, 'agents'), clock), clock, asked, server };
}

function node(name: string, { labels = {}, taints = [] as object[], ready = 'True', cordoned = false } = {}) {
  return {
    metadata: { name, labels },
    spec: { taints, unschedulable: cordoned },
    status: { conditions: [{ type: 'Ready', status: ready }], allocatable: { cpu: '4', memory: '8Gi' } },
  };
}

function pod(nodeName: string | undefined, spec: object) {
  return { metadata: { name: 'any' }, spec: { nodeName, ...spec } };
}

const asks = (cpu: string, memory: string): object => ({ resources: { requests: { cpu, memory } } });

const nodes = [
  node('one', { labels: { pool: 'agents' } }),
  node('two', { labels: { pool: 'agents' }, taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
  node('away', {
    labels: { pool: 'agents' },
    ready: 'Unknown',
    taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }],
  }),
  node('cordoned', { cordoned: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] }),
  node('control', { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] }),
];
const pods = [
  pod('one', { containers: [asks('1500m', '1Gi'), asks('10m', '32Mi')] }),
  // What comes before asks for more than what stays.
  pod('one', { containers: [asks('100m', '1Gi')], initContainers: [asks('500m', '3Gi')] }),
  // One that stays is there beside the others; the sandbox of its runtime costs too.
  pod('two', {
    containers: [asks('1', '1Gi')],
    initContainers: [{ ...asks('250m', '1Gi'), restartPolicy: 'Always' }],
    overhead: { cpu: '250m', memory: '128Mi' },
  }),
  pod('control', { containers: [asks('2', '2Gi')] }),
  pod(undefined, { containers: [asks('3', '3Gi')] }),
];

test('what pods of an agent may have is that of the nodes that they may be on', async () => {
  const { room } = await clusterSaying((path, query) => {
    if (path === '/api/v1/nodes') return { status: 200, body: { items: nodes } };
    expect(query.get('fieldSelector')).toBe('status.phase!=Succeeded,status.phase!=Failed');
    return { status: 200, body: { items: pods } };
  });
  const selected = { name: 'kubernetes', nodeSelector: [{ name: 'pool', value: 'agents' }] } as const;
  const tolerating = { ...selected, tolerations: [{ key: 'gpu', operator: 'Exists' }] };
  const runs = { atWork: 1, waiting: ['0/5 nodes are available'] };
  expect(await room.capacityOf(tolerating, runs)).toEqual({
    name: 'loaded-context/agents (pool=agents)',
    machines: { ready: 2, all: 3 },
    cpus: { has: 8, asked: 1.51 + 0.5 + 1.5 },
    memoryBytes: { has: 16 * gibibyte, asked: (1 + 1 / 32 + 3 + 2 + 1 / 8) * gibibyte },
    ...runs,
  });
  expect(await room.capacityOf(selected, noRuns)).toMatchObject({ machines: { ready: 1, all: 2 } });
  expect(await room.capacityOf({ name: 'kubernetes', namespace: 'others' }, noRuns)).toMatchObject({
    name: 'loaded-context/others',
    machines: { ready: 1, all: 3 },
    cpus: { has: 4 },
  });
});

test('everybody who asks within ten seconds is told by one look, and what comes in pages is put together', async () => {
  const { room, clock, asked } = await clusterSaying((path, query) => {
    if (path === '/api/v1/nodes') return { status: 200, body: { items: nodes.slice(0, 1) } };
    const isFirst = query.get('continue') === null;
    const items = [pod('one', { containers: [asks('1', '1Gi')] })];
    return { status: 200, body: { items, metadata: isFirst ? { continue: 'more' } : {} } };
  });
  const told = await Promise.all([1, 2, 3].map(() => room.capacityOf({ name: 'kubernetes' }, noRuns)));
  for (const each of told) expect(each.cpus).toEqual({ has: 4, asked: 2 });
  const look = ['/api/v1/nodes', '/api/v1/pods', '/api/v1/pods'];
  expect(asked).toEqual(look);
  await clock.advance(10_000);
  await room.capacityOf({ name: 'kubernetes' }, noRuns);
  expect(asked).toEqual([...look, ...look]);
});

const refused = (what: string): Answer => ({
  status: 403,
  body: { kind: 'Status', message: `${what} is forbidden: ada may not list them` },
});

test('who may not see nodes is told what is known, and the question is not put again for a while', async () => {
  const { room, clock, asked } = await clusterSaying(() => refused('nodes'));
  const runs = { atWork: 2, waiting: ['exceeded quota: pods'] };
  const known = { name: 'loaded-context/agents', ...runs };
  const unknown = 'nodes: nodes is forbidden: ada may not list them';
  expect(await room.capacityOf({ name: 'kubernetes' }, runs)).toEqual({ ...known, unknown });
  await clock.advance(60_000);
  expect(await room.capacityOf({ name: 'kubernetes' }, runs)).toEqual({ ...known, unknown });
  expect(asked).toEqual(['/api/v1/nodes']);
});

test('who may see nodes and not everybody’s pods is told what the nodes have, and no guess of what is left', async () => {
  const { room } = await clusterSaying(path =>
    path === '/api/v1/nodes' ? { status: 200, body: { items: nodes.slice(0, 1) } } : refused('pods'),
  );
  expect(await room.capacityOf({ name: 'kubernetes' }, noRuns)).toEqual({
    name: 'loaded-context/agents',
    machines: { ready: 1, all: 1 },
    cpus: { has: 4 },
    memoryBytes: { has: 8 * gibibyte },
    unknown: 'pods of all namespaces: pods is forbidden: ada may not list them',
    ...noRuns,
  });
});

test('a server that is away keeps nobody from what is known here', async () => {
  const { room, server } = await clusterSaying(() => undefined);
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  const told = await room.capacityOf({ name: 'kubernetes' }, { atWork: 1, waiting: [] });
  expect(told).toMatchObject({
    atWork: 1,
    unknown: expect.stringMatching(/does not answer: .*ECONNREFUSED/) as string,
  });
  expect(told.machines).toBeUndefined();
});
