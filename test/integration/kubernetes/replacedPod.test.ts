import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import { parseId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import { SentRuns } from '../../../src/drivers/guests/sentRuns.js';
import { createHistoryDriver } from '../../../src/drivers/git/guest/guestHistory.js';
import { KubernetesCluster } from '../../../src/drivers/kubernetes/kubernetesCluster.js';
import { PodRuns } from '../../../src/drivers/kubernetes/podRuns.js';
import { PodWatch } from '../../../src/drivers/kubernetes/podWatch.js';
import { labels } from '../../../src/drivers/kubernetes/runJob.js';
import { runFiles, runPath } from '../../../src/node/runFiles.js';
import { FakeClock } from '../../support/clock.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const run = parseId<'run'>('k3m9x2q7w4rt');
const sandbox = parseId<'sandbox'>('h8n4c6v2b5zd');

/** An API server with the job of one run and its pod, in which programs can be asked for and never start. */
async function apiServer(pod: object): Promise<{ readonly cluster: KubernetesCluster; readonly asked: string[] }> {
  const asked: string[] = [];
  const own = { [labels.run]: run, [labels.sandbox]: sandbox };
  const answer = (response: ServerResponse, body: object): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const server = createServer(({ method = '', url = '' }, response) => {
    const [path = '', query = ''] = url.split('?');
    if (query.includes('watch=true')) return void response.writeHead(200);
    asked.push(`${method} ${path}`);
    if (method !== 'GET') return answer(response, { kind: 'Status', status: 'Success' });
    const item = path.endsWith('/jobs') ? { metadata: { labels: own } } : pod;
    return answer(response, { metadata: { resourceVersion: '1' }, items: [item] });
  });
  server.on('upgrade', ({ url = '' }, socket) => {
    asked.push(`exec ${url.split('?')[0]}`);
    socket.destroy();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  config.loadFromClusterAndUser(
    { name: 'far', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'ada' },
  );
  return { cluster: new KubernetesCluster(config, 'default'), asked };
}

/** A host that an earlier one left a run to, whose files went to the pod of this number. */
async function takenUp({ sentTo, there }: { readonly sentTo: string; readonly there: string }) {
  const { cluster, asked } = await apiServer({
    metadata: { name: `pod-${there}`, uid: there, labels: { [labels.run]: run, [labels.sandbox]: sandbox } },
    spec: {},
    status: { phase: 'Running' },
  });
  const stateDir = tempDirectory('muster-replaced-pod');
  const workspace = join(stateDir, 'worktree');
  for (const folder of [workspace, runPath(stateDir, run)]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(workspace, 'work.txt'), 'of a day');
  writeFileSync(join(runPath(stateDir, run), runFiles.started), '');
  const record = { run, sandbox, workspace, readOnly: false, ports: [], allowed: [] };
  new SentRuns(stateDir).write({ ...record, pod: sentTo });
  const clock = new FakeClock();
  const watch = new PodWatch({ cluster, state: 'state', clock, log: silentLog });
  const histories = createHistoryDriver({ stateDir, clock, log: silentLog });
  const place = { cluster, watch, clock, log: silentLog, histories };
  const runs = new PodRuns({ ...place, stateDir, state: 'state', programsFolder: stateDir, waysOf: async () => [] });
  onTestFinished(() => {
    runs.dispose();
    watch.dispose();
  });
  await runs.takeUp(() => new Map());
  return { runs, asked, work: join(workspace, 'work.txt') };
}

test('a pod that the cluster made in the place of a run’s own is told nothing, and nothing comes back from it', async () => {
  const { runs, asked, work } = await takenUp({ sentTo: 'first', there: 'second' });
  await expect
    .poll(() => runs.whyLost(run))
    .toBe('The cluster ended the run: its pod was deleted, and another one made.');
  await expect
    .poll(() => asked.filter(each => each.startsWith('DELETE')))
    .toEqual([
      'DELETE /api/v1/namespaces/default/pods/pod-second',
      `DELETE /apis/batch/v1/namespaces/default/jobs/muster-${run}`,
    ]);
  expect(asked.filter(each => each.startsWith('exec'))).toEqual([]);
  expect(existsSync(work)).toBe(true);
});

test('the pod that a run was sent to is given the word again by the next host', async () => {
  const { runs, asked } = await takenUp({ sentTo: 'first', there: 'first' });
  await expect.poll(() => asked).toContain('exec /api/v1/namespaces/default/pods/pod-first/exec');
  expect(await runs.whyLost(run)).toBeUndefined();
});
