import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { KubeConfig, type V1Job } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { silentLog } from '../../../src/base/log.js';
import type { PlaceFinding } from '../../../src/core/sandboxes/placeCheck.js';
import type { SandboxSpec } from '../../../src/core/sandboxes/sandboxDriver.js';
import { checkCluster } from '../../../src/drivers/kubernetes/check/checkCluster.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { randomIds } from '../../support/randomIds.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const said =
  (body: object, status = 200): Answer =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const core = '/api/v1/namespaces/default';
const jobs = '/apis/batch/v1/namespaces/default/jobs';
const policy = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/muster-closed';
const list = { metadata: { resourceVersion: '1' }, items: [] };
const node = {
  metadata: { name: 'one' },
  status: { conditions: [{ type: 'Ready', status: 'True' }], allocatable: { memory: '8Gi', cpu: '4' } },
};

/** An API server that takes runs, but for what a test answers in its place; programs in pods are carried, and say nothing. */
async function apiServer(given: Readonly<Record<string, Answer>>, { carries = true } = {}) {
  const asked: string[] = [];
  const watching: ServerResponse[] = [];
  /** The pod of a job is there at once. */
  const begin = (job: V1Job): void => {
    const running = ['agent', 'keeper'].map(name => ({ name, state: { running: {} } }));
    const metadata = { name: `${job.metadata?.name}-x`, uid: 'first', labels: job.metadata?.labels };
    const object = { metadata, spec: {}, status: { phase: 'Running', containerStatuses: running } };
    for (const each of watching) each.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  };
  const answers: Readonly<Record<string, Answer>> = {
    'GET /version': said({ gitVersion: 'v1.34.1' }),
    [`GET ${core}`]: said({ metadata: { name: 'default' } }),
    'GET /api/v1/nodes': said({ items: [node] }),
    [`GET ${core}/resourcequotas`]: said({ items: [] }),
    'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews': said({ status: { allowed: true } }),
    [`GET ${policy}`]: said({ kind: 'Status', message: 'not found' }, 404),
    [`GET ${core}/pods`]: said(list),
    [`POST ${jobs}`]: async (request, response) => {
      const job = (await json(request)) as V1Job;
      begin(job);
      await said(job)(request, response);
    },
    ...given,
  };
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    if (query.includes('watch=true')) return void watching.push(response.writeHead(200));
    const what = `${request.method} ${path}`;
    asked.push(what);
    const answer = what.startsWith(`DELETE ${core}/pods/`) ? answers['DELETE pod'] : answers[what];
    void (answer ?? said({ kind: 'Status', status: 'Success' }))(request, response);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    asked.push('exec');
    if (carries) sockets.handleUpgrade(request, socket, head, () => undefined);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const each of sockets.clients) each.terminate();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  const far = { name: 'far', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
  config.loadFromClusterAndUser(far, { name: 'ada' });
  const kubeconfig = join(tempDirectory('muster-check-'), 'config');
  writeFileSync(kubeconfig, config.exportConfig());
  return { asked, begin, kubeconfig };
}

/** A check of it, which a test may give up. */
function check(kubeconfig: string) {
  const ids = randomIds();
  const abort = new AbortController();
  const findings: PlaceFinding[] = [];
  const spec: SandboxSpec = {
    id: ids.next(),
    driver: { name: 'kubernetes' },
    thread: ids.next(),
    agent: 'dev',
    image: { name: 'agents:1', pull: 'missing' },
    network: 'none',
    workspace: { folder: '' },
  };
  const over = checkCluster(
    { context: undefined, namespace: undefined, environment: { KUBECONFIG: kubeconfig } },
    { spec, command: 'agent' },
    { fix: false, onFinding: each => findings.push(each), signal: abort.signal },
    { clock: createNodeClock(), log: silentLog },
  );
  over.catch(() => undefined);
  return { over, findings, giveUp: () => abort.abort(new Error('enough')) };
}

const silent: Answer = () => undefined;

test.each([
  { what: 'GET /version' },
  { what: 'GET /api/v1/nodes' },
  { what: 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews' },
  { what: `GET ${policy}` },
  { what: `GET ${core}/pods` },
])('whoever gives up a check waits no longer for the answer to $what', async ({ what }) => {
  const { asked, kubeconfig } = await apiServer({ [what]: silent });
  const { over, giveUp } = check(kubeconfig);
  await expect.poll(() => asked).toContain(what);
  giveUp();
  await expect(over).rejects.toThrow('enough');
});

test.each([
  { case: 'does not answer whether it carries a program', carries: false },
  { case: 'carries one that says nothing', carries: true },
])('the pod of a check that is given up while the server $case is removed', async ({ carries }) => {
  const { asked, kubeconfig } = await apiServer({}, { carries });
  const { over, giveUp } = check(kubeconfig);
  await expect.poll(() => asked).toContain('exec');
  giveUp();
  await expect(over).rejects.toThrow('enough');
  const removed = asked.filter(each => each.startsWith('DELETE')).map(each => each.split('/').at(-2));
  expect(removed).toEqual(['pods', 'jobs']);
});

test('a pod that may not be removed goes with its job, and that is told', async () => {
  const refusal = said({ kind: 'Status', message: 'pods is forbidden' }, 403);
  const { asked, kubeconfig } = await apiServer({ 'DELETE pod': refusal });
  const { over, findings, giveUp } = check(kubeconfig);
  await expect.poll(() => asked).toContain('exec');
  giveUp();
  await expect(over).rejects.toThrow('enough');
  expect(asked.some(each => each.startsWith(`DELETE ${jobs}/`))).toBe(true);
  expect(findings.at(-1)).toMatchObject({ name: 'cleaning up', status: 'warn', found: 'pods is forbidden' });
});

test('a job that comes to be after its check was given up is removed', async () => {
  const answer = Promise.withResolvers<void>();
  const { asked, begin, kubeconfig } = await apiServer({
    [`POST ${jobs}`]: async (request, response) => {
      const job = (await json(request)) as V1Job;
      await answer.promise;
      begin(job);
      await said(job)(request, response);
    },
  });
  const { over, giveUp } = check(kubeconfig);
  await expect.poll(() => asked).toContain(`POST ${jobs}`);
  giveUp();
  answer.resolve();
  await expect(over).rejects.toThrow('enough');
  expect(asked.some(each => each.startsWith(`DELETE ${jobs}/`))).toBe(true);
});

test('a server that refuses is told apart from one that cannot be reached', async () => {
  const refusal = said({ kind: 'Status', message: 'forbidden: user ada' }, 403);
  const { kubeconfig } = await apiServer({ 'GET /version': refusal });
  const { over, findings } = check(kubeconfig);
  await over;
  expect(findings).toMatchObject([
    { name: 'API server', status: 'fail', found: 'forbidden: user ada', advice: expect.stringContaining('it refuses') },
  ]);
});

test('a policy that may not be read is told as that, and a server that goes away meanwhile as what it is', async () => {
  const refusal = said({ kind: 'Status', message: 'networkpolicies is forbidden' }, 403);
  const refusing = check((await apiServer({ [`GET ${policy}`]: refusal })).kubeconfig);
  await refusing.over;
  expect(refusing.findings).toContainEqual(
    expect.objectContaining({
      name: 'network policy',
      status: 'fail',
      found: 'you may not look: networkpolicies is forbidden',
    }),
  );
  const gone = check((await apiServer({ [`GET ${policy}`]: request => void request.socket.destroy() })).kubeconfig);
  await gone.over;
  expect(gone.findings.filter(({ status }) => status === 'fail')).toMatchObject([
    { name: 'API server', advice: expect.stringContaining('whether you get there') },
  ]);
});
