import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { KubernetesCluster } from '../../../src/drivers/kubernetes/kubernetesCluster.js';
import { untilReady } from '../../../src/drivers/kubernetes/podStart.js';
import { PodWatch } from '../../../src/drivers/kubernetes/podWatch.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { jobName } from '../../../src/drivers/kubernetes/runJob.js';
import { randomIds } from '../../support/randomIds.js';

/** A cluster whose server breaks off the first look at its events. */
async function busyCluster(eventFor: string) {
  let looks = 0;
  const server = createServer((request, answer) => {
    const json = (items: readonly object[]): void => {
      answer.setHeader('Content-Type', 'application/json');
      answer.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items }));
    };
    if (!request.url?.includes('/events')) return request.url?.includes('watch=') ? answer.flushHeaders() : json([]);
    looks++;
    if (looks === 1) return void request.socket.destroy();
    const message = 'Error creating: pods "x" is forbidden: exceeded quota: pods';
    json([{ reason: 'FailedCreate', message, involvedObject: { kind: 'Job', name: eventFor }, metadata: {} }]);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const config = new KubeConfig();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: 'far', server: url, skipTLSVerify: true }, { name: 'ada' });
  return { cluster: new KubernetesCluster(config, 'default'), looks: () => looks };
}

test('runs that wait for their pods share one look, and go on waiting when the server breaks it off', async () => {
  const ids = randomIds();
  const runs = Array.from({ length: 50 }, () => ids.next<'run'>());
  const { cluster, looks } = await busyCluster(jobName(runs[0] ?? ids.next<'run'>()));
  const clock = createNodeClock();
  const watch = new PodWatch({ cluster, state: 'a', clock, log: silentLog });
  onTestFinished(() => watch.dispose());
  await watch.begin();
  const over = new AbortController();
  const said = Promise.withResolvers<string>();
  const waiting = runs.map(async run => {
    const onStep = ({ text }: { text: string }): void => {
      if (text.includes('quota')) said.resolve(text);
    };
    await untilReady({ cluster, watch, clock }, { run, image: 'a', signal: over.signal, onStep });
  });
  const first = await Promise.race([said.promise, ...waiting]);
  expect(first).toBe('Waiting for the cluster (exceeded quota: pods)');
  // Not one for each of them.
  expect(looks()).toBeLessThan(runs.length);
  over.abort(new Error('enough'));
  for (const each of waiting) await expect(each).rejects.toThrow('enough');
});
