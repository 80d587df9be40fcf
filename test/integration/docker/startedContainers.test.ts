import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pack } from 'tar-stream';
import { parseId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import { systemClock } from '../../../src/client/systemClock.js';
import { labels } from '../../../src/drivers/docker/containerOptions.js';
import { DockerEngine } from '../../../src/drivers/docker/dockerEngine.js';
import { DockerSandboxDriver } from '../../../src/drivers/docker/dockerSandboxDriver.js';
import { Doors } from '../../../src/drivers/guests/doors.js';
import { Images } from '../../../src/drivers/docker/images.js';
import { SentRuns } from '../../../src/drivers/guests/sentRuns.js';
import { tempDirectory } from '../../support/tempDirectory.js';

/** An engine on another machine, whose containers have ended with one file in each folder. `removed`: their names. */
async function foreignEngine(containers: readonly Readonly<Record<string, string>>[]) {
  const removed: string[] = [];
  const server = createServer(({ method, url = '' }, response) => {
    const [, name = '', what = ''] = /\/containers\/muster-run-(\w+)(\/\w+)?/.exec(url) ?? [];
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (url.includes('/containers/json'))
      return json(
        200,
        containers.map((Labels, Id) => ({ Id: String(Id), Labels })),
      );
    if (method === 'DELETE' && name !== '') removed.push(name);
    if (method === 'DELETE') return json(204, {});
    if (what === '/json') return json(200, { State: { Running: false } });
    if (what !== '/archive' || !url.endsWith('workspace')) return json(404, { message: 'no such file' });
    const archive = pack();
    archive.entry({ name: 'workspace/sent.txt' }, 'from there');
    archive.finalize();
    archive.pipe(response.writeHead(200));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { removed, engine: new DockerEngine({ kind: 'tcp', host: '127.0.0.1', port, from: 'test' }, {}) };
}

test('an engine elsewhere chooses neither folders nor ports of this machine', async () => {
  const stateDir = tempDirectory('muster-started');
  const [run, sandbox] = [parseId<'run'>('aaaaaaaaaaaa'), parseId<'sandbox'>('bbbbbbbbbbbb')];
  const [workspace, victim] = [join(stateDir, 'workspace'), join(stateDir, 'victim')];
  for (const folder of [workspace, victim]) mkdirSync(folder);
  writeFileSync(join(victim, 'mine.txt'), 'mine');
  mkdirSync(join(stateDir, 'runs', run), { recursive: true });
  new SentRuns(stateDir).write({ run, sandbox, workspace, readOnly: false, ports: [], allowed: [] });
  const said = {
    [labels.sandbox]: sandbox,
    [labels.workspace]: victim,
    [labels.doors]: '22',
    [labels.allowed]: 'router',
  };
  const { engine, removed } = await foreignEngine([
    { ...said, [labels.run]: 'cccccccccccc' },
    { ...said, [labels.run]: run },
  ]);
  const doors = new Doors({ folder: join(stateDir, 'doors'), log: silentLog });
  const driver = new DockerSandboxDriver({
    engine,
    images: new Images(engine, {}),
    stateDir,
    programs: stateDir,
    doors,
    clock: systemClock,
    log: silentLog,
  });
  onTestFinished(async () => {
    driver.dispose();
    await doors.dispose();
  });
  await driver.openDoors();
  await expect.poll(() => new SentRuns(stateDir).find({ run, sandbox })).toBeUndefined();
  expect(readFileSync(join(workspace, 'sent.txt'), 'utf8')).toBe('from there');
  expect(readdirSync(victim)).toEqual(['mine.txt']);
  expect(removed).toEqual([run]);
  expect(readdirSync(stateDir)).not.toContain('doors');
});
