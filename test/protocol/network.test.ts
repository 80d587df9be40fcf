import { execFileSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { connectEndpoint } from '../../src/client/hostClient.js';
import { remoteEndpoint } from '../../src/client/remoteEndpoint.js';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';
import { rawRequest } from '../support/rawRequest.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "date > stamp.txt; echo planted"]}
agents:
  gardener: {provider: shell}
`;

test('a command elsewhere gives a task to a host and reads along, with its token alone', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  await home.muster(['up', '--yes'], { cwd: repository });
  const elsewhere = testHome(programs);
  const env = { MUSTER_HOST: daemon.url, MUSTER_TOKEN: await daemon.token() };

  const dispatched = await elsewhere.muster(['dispatch', '-p', 'shop', 'gardener', 'Plant a tree', '--wait'], { env });
  expect(dispatched).toMatchObject({ status: 0 });
  const { threads } = (await elsewhere.musterJson(['ps', '-p', 'shop', '--all'], { env })) as {
    threads: { thread_id: string; status: string }[];
  };
  expect(threads).toMatchObject([{ status: 'ready' }]);
  const logs = await elsewhere.muster(['logs', threads[0]?.thread_id ?? ''], { env });
  expect(logs.stdout).toContain('planted');
  expect(await elsewhere.hostPid()).toBeUndefined();
  const exec = await elsewhere.muster(['exec', threads[0]?.thread_id ?? '', '--', 'pwd'], { env });
  expect(exec).toMatchObject({ status: 4, stdout: '', stderr: expect.stringContaining(daemon.url) });
});

test('a client that keeps its environment sends none of it along', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  await home.muster(['up', '--yes'], { cwd: repository });
  const endpoint = remoteEndpoint(daemon.url, await daemon.token());
  const { signal } = new AbortController();
  for (const [keepsEnvironment, printed] of [
    [false, '[north]\n'],
    [true, '[]\n'],
  ] as const) {
    const client = await connectEndpoint(endpoint, { signal, keepsEnvironment });
    const task = { project: 'shop', agent: 'gardener', prompt: 'echo "[$BED]"', command: true };
    const { runId } = await client.threads.dispatch({ ...task, environment: { BED: 'north' } }, { signal });
    const log: Uint8Array[] = [];
    for await (const { chunk } of client.runs.readLog({ runId, stream: 'stdout', follow: true }, { signal }))
      log.push(chunk);
    expect(Buffer.concat(log).toString()).toBe(printed);
    client.dispose();
  }
});

test('who has logged in needs no token in the environment, until they log out', async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const elsewhere = testHome(programs);
  const url = daemon.url;
  expect(await elsewhere.muster(['login', url], { input: 'muster_wrong\n' })).toMatchObject({ status: 2 });
  expect(await elsewhere.musterJson(['login'])).toEqual({ hosts: [] });
  const token = await daemon.token();
  const login = await elsewhere.muster(['login', url, '--name', 'office'], { input: `${token}\n` });
  expect(login).toMatchObject({ status: 0, stdout: expect.stringContaining(url) });
  expect(login.stdout + login.stderr).not.toContain(token);
  expect(await elsewhere.musterJson(['login'])).toMatchObject({ hosts: [{ url, name: 'office' }] });
  const ways: readonly { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> }[] = [
    { args: ['--host', 'office'] },
    { args: ['--host', url] },
    { args: [], env: { MUSTER_HOST: 'office' } },
    { args: [], env: { AGENT_COMPOSE_HOST: url } },
  ];
  for (const { args, env = {} } of ways)
    expect(JSON.parse((await elsewhere.muster(['status', '--json', ...args], { env })).stdout)).toMatchObject({
      url,
    });
  expect(await elsewhere.musterJson(['logout', 'office'])).toEqual({ url, removed: true });
  expect(await elsewhere.muster(['status', '--host', url])).toMatchObject({ status: 2 });
});

test('without a token, with a wrong, expired, revoked or too narrow one it is refused and told why', async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const elsewhere = testHome(programs);
  const call = (token: string, ...args: readonly string[]) =>
    elsewhere.muster(args, { env: { MUSTER_HOST: daemon.url, MUSTER_TOKEN: token } });

  expect(await call('', 'project', 'ls')).toMatchObject({ status: 2, stderr: expect.stringContaining('token create') });
  expect(await call('muster_0000', 'project', 'ls')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('not known, has expired or was revoked'),
  });
  const reading = await daemon.token('--name', 'reader', '--scope', 'read');
  expect(await call(reading, 'project', 'ls')).toMatchObject({ status: 0 });
  expect(await call(reading, 'cancel', '0000')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^(?!.*CancelThread).*scope operate.*muster token create/s),
  });
  expect(await call(await daemon.token('--name', 'worker'), 'token', 'ls')).toMatchObject({
    stderr: expect.stringContaining('scope admin'),
  });
  await home.muster(['token', 'revoke', 'reader']);
  expect(await call(reading, 'project', 'ls')).toMatchObject({ status: 2 });

  const listed = await home.muster(['token', 'ls', '--json']);
  expect(JSON.parse(listed.stdout)).toMatchObject({
    tokens: [
      { name: 'worker', scope: 'operate', state: 'valid' },
      { name: 'reader', scope: 'read', state: 'revoked' },
    ],
  });
  const everything = `cat ${home.stateDir}/*.db* ${home.stateDir}/*.log* ${home.stateDir}/logs/* 2>/dev/null || true`;
  const files = execFileSync('sh', ['-c', everything], { maxBuffer: 256 * 1024 * 1024 });
  expect(files.length).toBeGreaterThan(1000);
  expect(files.includes(reading)).toBe(false);
});

test('pages of other origins and names that only point here are refused before anything is read', async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const token = await daemon.token('--scope', 'admin');
  const path = '/muster.v1.HostService/GetStatus';
  const ask = async (headers: Readonly<Record<string, string>>): Promise<string> =>
    await rawRequest(daemon.url, [
      `POST ${path} HTTP/1.1`,
      ...Object.entries({
        'Content-Type': 'application/json',
        'Content-Length': '2',
        'Connection': 'close',
        ...headers,
      }).map(([name, value]) => `${name}: ${value}`),
      '',
      '{}',
    ]);
  const host = new URL(daemon.url).host;
  const authorized = { Host: host, Authorization: `Bearer ${token}` };
  expect(await ask(authorized)).toMatch(/^HTTP\/1.1 200/);
  expect(await ask({ ...authorized, Origin: 'https://evil.example' })).toMatch(/^HTTP\/1.1 403/);
  expect(await ask({ ...authorized, Host: 'evil.example' })).toMatch(/^HTTP\/1.1 403/);
  expect(await ask({ Host: host })).toMatch(/^HTTP\/1.1 401/);
  expect(await ask({ ...authorized, Padding: 'x'.repeat(64 * 1024) })).toMatch(/^HTTP\/1.1 431/);
});

test('other machines are let in over TLS or not at all', async () => {
  const home = testHome(programs);
  const refused = await home.muster(['daemon', '--listen', ':0']);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('without TLS') });
  const odd = await home.muster(['daemon', '--listen', 'nowhere']);
  expect(odd).toMatchObject({ status: 1, stderr: expect.stringContaining('127.0.0.1:7410') });

  const [cert, key] = [inRepository('test/fixtures/tls/cert.pem'), inRepository('test/fixtures/tls/key.pem')];
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0', '--tls-cert', cert, '--tls-key', key);
  expect(daemon.url).toMatch(/^https:/);
  const env = { MUSTER_HOST: daemon.url, MUSTER_TOKEN: await daemon.token(), NODE_EXTRA_CA_CERTS: cert };
  const elsewhere = testHome(programs);
  expect(await elsewhere.muster(['project', 'ls'], { env })).toMatchObject({ status: 0 });
  const unknown = await elsewhere.muster(['project', 'ls'], { env: { ...env, NODE_EXTRA_CA_CERTS: '' } });
  expect(unknown).toMatchObject({ status: 3, stderr: expect.stringContaining('certificate') });
});

test('it takes the place of the host that a window has started, while agents work', async () => {
  const home = testHome(programs);
  const slow = file.replace('date > stamp.txt', 'sleep 8; date > stamp.txt');
  const repository = testRepository({ 'agent-compose.yml': slow });
  const first = await home.connect();
  await first.projects.applyProject({ file: join(repository, 'agent-compose.yml'), consent: true });
  const { threadId } = await first.threads.dispatch({ folder: repository, agent: 'gardener', prompt: 'Plant' });
  const running = async (client: typeof first) => (await client.threads.getThread({ threadId })).thread?.status;
  await expect.poll(async () => await running(first)).toBe('working');

  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(daemon.url).toMatch(/^http:/);
  const second = await home.connect();
  const { pid, stays } = await second.host.getStatus({});
  expect(pid).not.toBe(first.endpoint.pid);
  expect(stays).toBe(true);
  await expect.poll(async () => await running(second), { timeout: 30_000 }).toBe('ready');

  const third = await home.muster(['daemon']);
  expect(third).toMatchObject({ status: 1, stderr: expect.stringContaining('muster daemon stop') });
  expect((await second.host.getStatus({})).pid).toBe(pid);
});

test('a daemon takes the place of the host of its own state directory, though the environment names another one', async () => {
  const [home, elsewhere] = [testHome(programs), testHome(programs)];
  const other = await elsewhere.connect();
  const first = await home.connect();
  let child: ChildProcess | undefined;
  const ended = home.muster(['daemon'], {
    env: { MUSTER_HOST: `unix://${other.endpoint.socket}` },
    onStart: started => (child = started),
  });
  const next = async (): Promise<boolean> => ![undefined, first.endpoint.pid].includes(await home.hostPid());
  await expect.poll(next, { timeout: 30_000 }).toBe(true);
  expect((await other.host.getStatus({})).pid).toBe(other.endpoint.pid);
  child?.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0 });
});
