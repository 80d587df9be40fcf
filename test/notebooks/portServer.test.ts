import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { jupyterPrograms } from '../../src/build/provision/jupyter.ts';
import { silentLog } from '../../src/base/log.js';
import { parseId } from '../../src/base/ids.js';
import { JupyterServerDriver } from '../../src/drivers/jupyter/jupyterServerDriver.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { createProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import { endServers } from '../support/guestNotebooks.js';
import { maskOf } from '../support/secretMasks.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

it('a server of a system without sockets listens at a port of the loopback interface, for whoever knows its token', async () => {
  const root = tempDirectory();
  const stateDir = join(root, 'notebooks');
  onTestFinished(() => endServers({ stateDir: root }));
  const clock = createNodeClock();
  const processes = createProcessSandbox({ stateDir, maskOf: () => maskOf(), clock, log: silentLog });
  onTestFinished(() => processes.dispose());
  const driver = new JupyterServerDriver({
    stateDir,
    ownEnvironment: join(root, 'jupyter'),
    directory: processes.directory,
    machine: processes.runs,
    listens: 'port',
    sandboxOf: () => {
      throw new Error('No sandbox was expected');
    },
    clock,
  });
  const server = { id: parseId<'run'>('server000001'), threadId: parseId<'thread'>('thread000001') };
  const { signal } = new AbortController();
  const env = { PATH: `${jupyterPrograms()}:${process.env['PATH'] ?? ''}`, HOME: root };
  await driver.start({ ...server, worktree: tempDirectory(), env, searched: [], untrusted: [] }, signal);
  await driver.whenReady(server, signal);
  const address = await driver.address(server);
  if (!address || !('port' in address.at)) throw new Error('It has no port');
  const { at, base, token } = address;
  expect(at.host).toBe('127.0.0.1');
  const status = (authorization: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ ...at, path: `${base}api/kernels`, headers: { authorization } }, answer => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
  expect(await status(`token ${token}`)).toBe(200);
  expect(await status('token other')).toBe(403);
  const unwanted = new AbortController().signal;
  const cell = { message: 'cell-1', again: false, path: 'a.ipynb', code: 'print(6 * 7)', limitMs: 120_000 };
  expect(await driver.execute(server, cell, { unwanted, letGo: signal })).toEqual({
    end: 'ok',
    count: 1,
    outputs: [{ kind: 'text', text: '42\n' }],
  });
  await driver.stop(server);
  expect(await driver.address(server)).toBeUndefined();
  await new Promise(resolve => connect(at).on('error', resolve));
});
