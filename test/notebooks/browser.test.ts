import { request, type IncomingHttpHeaders } from 'node:http';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { beforeAll, expect, it } from 'vitest';
import { notebookWorld, withJupyter, type NotebookWorld } from '../support/guestNotebooks.js';
import { buildPrograms, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a browser would send: names below `localhost` are this machine. */
function browse(
  url: string,
  { headers = {}, method = 'GET', host }: { headers?: Record<string, string>; method?: string; host?: string } = {},
): Promise<Answer> {
  const { port, pathname, search, host: own } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        host: '127.0.0.1',
        port,
        path: pathname + search,
        method,
        headers: { host: host ?? own, ...headers },
        agent: false,
      },
      answer => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    asking.on('error', reject);
    asking.end();
  });
}

/** Opens the page of a thread; the cookie, and the address without the ticket. */
async function enter({ client, thread }: NotebookWorld, of = thread) {
  const { url } = await client.notebooks.openNotebookPage({ threadId: of });
  const { status, headers } = await browse(url);
  expect(status).toBe(303);
  const [cookie = ''] = (headers['set-cookie']?.[0] ?? '').split(';');
  return {
    url,
    origin: new URL(url).origin,
    page: new URL(headers.location ?? '', url).href,
    cookie,
    set: headers['set-cookie'],
  };
}

it('a link opens JupyterLab in a browser once, and neither page nor link shows the token of the server', async () => {
  const world = await notebookWorld(programs);
  const { url, page, cookie, set } = await enter(world);
  expect(set?.[0]).toMatch(/; HttpOnly; SameSite=Lax; Path=\/jupyter\/[0-9a-z]+\/$/);
  const lab = await browse(page, { headers: { cookie } });
  expect(lab.status).toBe(200);
  expect(lab.body).toContain('JupyterLab');
  const [file = ''] = globSync(join(world.home.stateDir, 'notebooks/runs/*/settings.json'));
  const { token } = JSON.parse(readFileSync(file, 'utf8')) as { token: string };
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(lab.body + url + page).not.toContain(token);

  const again = await browse(url);
  expect(again.status).toBe(403);
  expect(again.body).toContain('has been used');
});

it('nobody else comes in: without the cookie, under another name, from another page, or to another thread', async () => {
  const world = await notebookWorld(programs);
  const { origin, page, cookie } = await enter(world);
  const second = await world.dispatch();
  const other = await enter(world, second.id);
  expect(new URL(other.origin).hostname).not.toBe(new URL(origin).hostname);
  const { port } = new URL(origin);
  const path = `${origin}/jupyter/${world.thread}/api/kernels`;
  const refused: readonly (readonly [number, string, Parameters<typeof browse>[1]])[] = [
    [401, page, {}],
    [401, path, { headers: { cookie: `muster-guest=${'0'.repeat(64)}` } }],
    [401, path, { headers: { cookie: other.cookie } }],
    [401, path, { headers: { cookie }, host: `127.0.0.1:${port}` }],
    [401, path, { headers: { cookie }, host: `localhost:${port}` }],
    [401, path, { headers: { cookie }, host: new URL(other.origin).host }],
    [403, path, { headers: { cookie, origin: other.origin }, method: 'POST' }],
    [403, path, { headers: { cookie, origin: 'null' }, method: 'POST' }],
    [404, `${origin}/jupyter/${second.id}/api/kernels`, { headers: { cookie } }],
    [404, `${origin}/muster.v1.HostService/GetStatus`, { headers: { cookie } }],
    [403, `${origin}/enter/${'0'.repeat(64)}/lab`, {}],
  ];
  for (const [status, url, options] of refused)
    expect((await browse(url, options)).status, `${url} ${JSON.stringify(options)}`).toBe(status);
  expect((await browse(path, { headers: { cookie } })).status).toBe(200);
  expect((await browse(path, { headers: { cookie, origin }, method: 'POST' })).status).toBe(201);
});

it('a kernel is spoken to over a websocket that only the own page opens', async () => {
  const world = await notebookWorld(programs);
  const { origin, cookie } = await enter(world);
  const made = await browse(`${origin}/jupyter/${world.thread}/api/kernels`, {
    headers: { cookie, origin },
    method: 'POST',
  });
  const { id } = JSON.parse(made.body) as { id: string };
  const { port, host } = new URL(origin);
  const connect = (headers: Record<string, string>) =>
    new Promise<string>(resolve => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/jupyter/${world.thread}/api/kernels/${id}/channels`, {
        headers: { host, ...headers },
      });
      socket.on('open', () => {
        socket.close();
        resolve('open');
      });
      socket.on('unexpected-response', (_, answer) => {
        answer.resume();
        resolve(String(answer.statusCode));
      });
      socket.on('error', error => resolve(error.message));
    });
  expect(await connect({ cookie, origin })).toBe('open');
  expect(await connect({ origin })).toBe('401');
  expect(await connect({ cookie, origin: 'http://attacker.localhost:1' })).toBe('403');
});

it('a program of this machine reaches the server of one thread with a token of its own, in a header or an address', async () => {
  const world = await notebookWorld(programs);
  const second = await world.dispatch();
  const { url, token } = await world.client.notebooks.openNotebookPort({ threadId: world.thread });
  const other = await world.client.notebooks.openNotebookPort({ threadId: second.id });
  const { port } = new URL(url);
  expect(url).toBe(`http://127.0.0.1:${port}/jupyter/${world.thread}/`);
  const authorization = `token ${token}`;
  const made = await browse(`${url}api/kernels`, { method: 'POST', headers: { authorization } });
  expect(made.status).toBe(201);
  const { id } = JSON.parse(made.body) as { id: string };
  const refused: readonly (readonly [number, string, Parameters<typeof browse>[1]])[] = [
    [401, `${url}api/kernels`, {}],
    [401, `${url}api/kernels`, { headers: { authorization: `token ${other.token}` } }],
    [401, `${url}api/kernels?token=${other.token}`, {}],
    [401, `${other.url}api/kernels`, { headers: { authorization } }],
    [403, `${url}api/kernels`, { headers: { authorization, origin: `http://127.0.0.1:${port}` } }],
    [404, `http://127.0.0.1:${port}/muster.v1.HostService/GetStatus`, { headers: { authorization } }],
  ];
  for (const [status, target, options] of refused)
    expect((await browse(target, options)).status, `${target} ${JSON.stringify(options)}`).toBe(status);
  expect((await browse(`${url}api/kernels?a=1&token=${token}`)).status).toBe(200);
  const socket = new WebSocket(`${url.replace('http', 'ws')}api/kernels/${id}/channels?token=${token}`);
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  socket.close();
});

it('the command line prints such a link', async () => {
  const world = await notebookWorld(programs);
  const { stdout, status } = await world.home.muster(['jupyter', 'url', world.thread], {
    env: { PATH: withJupyter(world.home) },
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^http:\/\/[0-9a-f]{24}\.localhost:\d+\/enter\/[0-9a-f]{64}\/lab\n$/);
  expect((await browse(stdout.trim())).status).toBe(303);
});
