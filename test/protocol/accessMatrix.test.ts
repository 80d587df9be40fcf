import { readFileSync, statSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect as http2Connect, type SecureClientSessionOptions } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectSocket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { readEndpoint } from '../../src/client/endpointDiscovery.js';
import { runHeader } from '../../src/protocol/version.js';
import { startDaemonWith, type Daemon } from '../support/daemon.ts';
import { buildPrograms, testHome, type TestHome } from '../support/hostProcess.ts';

/** What each way in is answered, on each listener, with each thing that somebody may show: one host for plain HTTP, one for TLS. */

type Headers = Readonly<Record<string, string>>;
interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}
interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Headers;
}

const [cert, key] = [inRepository('test/fixtures/tls/cert.pem'), inRepository('test/fixtures/tls/key.pem')];
const password = 'correct horse';
const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const ownPage: Headers = { 'sec-fetch-site': 'same-origin' };

const credentials = [
  'nothing',
  'a made up token',
  'a revoked token',
  'an expired token',
  'the endpoint’s token',
  'a read token',
  'an operate token',
  'an admin token',
  'a password',
  'a wrong password',
  'a password for another page',
  'a session',
  'a session without a page',
  'a session for another page',
  'a revoked session',
  'a session of a revoked token',
] as const;
type Credential = (typeof credentials)[number];

const routes = {
  'a call that looks': { method: 'POST', path: '/muster.v1.HostService/GetStatus', needs: 'read' },
  'a call that works': { method: 'POST', path: '/muster.v1.ThreadService/CancelThread', needs: 'operate' },
  'a call that rules': { method: 'POST', path: '/muster.v1.AccessService/ListTokens', needs: 'admin' },
  'a call of theirs': { method: 'POST', path: '/agentcompose.v2.ProjectService/ListProjects', needs: 'read' },
  'a call of theirs that rules': {
    method: 'POST',
    path: '/agentcompose.v2.ProjectService/RemoveProject',
    needs: 'admin',
  },
  'what was published': { method: 'GET', path: '/api/events?topic=webhook.none', needs: 'read' },
  'webhook sources': { method: 'GET', path: '/api/webhook-sources', needs: 'admin' },
  'what is published': { method: 'GET', path: '/api/events/topics', needs: 'read' },
  'one event': { method: 'GET', path: '/api/events/none', needs: 'read' },
  // Who publishes shows what its source was given, and nothing of this host: all of them are strangers.
  'a webhook': { method: 'POST', path: '/api/webhooks/webhook.matrix', needs: 'its source' },
  'files of a workspace': { method: 'GET', path: '/api/agent-compose/workspaces/000000000000/files', needs: 'read' },
  'a file of a workspace': {
    method: 'GET',
    path: '/api/agent-compose/workspaces/000000000000/download?path=readme.md',
    needs: 'read',
  },
  'an upload': { method: 'POST', path: '/api/agent-compose/workspaces/000000000000/upload', needs: 'operate' },
  'a page': { method: 'GET', path: '/settings', needs: 'login' },
  'a file of pages': { method: 'GET', path: '/assets/none.js', needs: 'nowhere' },
  'whether one is logged in': { method: 'GET', path: '/api/auth/status', needs: 'nothing' },
  'the version': { method: 'GET', path: '/api/version', needs: 'no token' },
  'a notebook': { method: 'GET', path: '/jupyter/000000000000/lab', needs: 'a token' },
  'the login': { method: 'GET', path: '/login', needs: 'nothing' },
  'nothing there': { method: 'GET', path: '/../../etc/passwd', needs: 'nowhere' },
} as const;
type Route = keyof typeof routes;
const routeNames = Object.keys(routes) as Route[];

/** What somebody may do with it; undefined: nothing. `foreign`: the browser says that another page asks. */
const rights: Readonly<Record<Credential, 'read' | 'operate' | 'admin' | 'foreign' | undefined>> = {
  'nothing': undefined,
  'a made up token': undefined,
  'a revoked token': undefined,
  'an expired token': undefined,
  'the endpoint’s token': undefined,
  'a read token': 'read',
  'an operate token': 'operate',
  'an admin token': 'admin',
  'a password': 'admin',
  'a wrong password': undefined,
  'a password for another page': 'foreign',
  'a session': 'admin',
  'a session without a page': 'foreign',
  'a session for another page': 'foreign',
  'a revoked session': undefined,
  'a session of a revoked token': undefined,
};

const widths = ['read', 'operate', 'admin'];

type Kind = 'HTTP/1.1' | 'HTTP/2';

/** 401, 403, a way to the login, or anything else: it was let in. */
function expected(route: Route, credential: Credential, kind: Kind): string {
  const { needs } = routes[route];
  const right = rights[credential];
  if (needs === 'nothing') return 'in';
  // A page is opened by whoever asks: it holds nothing, and its calls are refused.
  if (needs === 'login') {
    const opens = right !== undefined && (right !== 'foreign' || credential.startsWith('a session'));
    return opens ? 'in' : 'login';
  }
  if (needs === 'a token' && kind === 'HTTP/1.1') return notebookFor(credential, right);
  if (right === 'foreign') return '403';
  if (needs === 'no token') return 'in';
  if (needs === 'its source') return '401';
  // Over HTTP/2 there are no notebooks: what is behind them speaks HTTP/1.1.
  if (needs === 'a token') return '404';
  if (needs === 'nowhere') return '404';
  if (right === undefined) return '401';
  return widths.indexOf(right) >= widths.indexOf(needs) ? 'in' : '403';
}

/** For programs, with tokens that may work: they are told that this thread has none. */
function notebookFor(credential: Credential, right: (typeof rights)[Credential]): string {
  if (!credential.endsWith('token') || right === undefined) return '401';
  return right === 'read' ? '403' : '404';
}

function told({ status, headers }: Answer): string {
  if (status === 303 && headers.location?.startsWith('/login')) return 'login';
  return [401, 403].includes(status) || status >= 500
    ? String(status)
    : status === 404 && !headers['content-type']?.includes('json')
      ? '404'
      : 'in';
}

class World {
  readonly home: TestHome;
  readonly daemon: Daemon;
  readonly shown = new Map<Credential, Headers>();

  constructor(home: TestHome, daemon: Daemon) {
    this.home = home;
    this.daemon = daemon;
  }

  async prepare(): Promise<void> {
    const { home, daemon } = this;
    await home.muster(['webhook', 'source', 'add', 'webhook.matrix']);
    await home.muster(['password', 'set', 'ada'], { input: password });
    const client = await home.connect();
    const expiresAt = Date.now() + 3_000;
    const expired = { name: 'expired', scope: 'admin', expiresAt: BigInt(expiresAt) };
    const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
    const tokens: Readonly<Record<string, string>> = {
      'a revoked token': await daemon.token('--name', 'revoked'),
      'an expired token': (await client.access.createToken(expired)).text,
      'a read token': await daemon.token('--name', 'reads', '--scope', 'read'),
      'an operate token': await daemon.token('--name', 'works', '--scope', 'operate'),
      'an admin token': await daemon.token('--name', 'rules', '--scope', 'admin'),
      'the endpoint’s token': (await this.endpoint()).token,
      'a made up token': `muster_${'0'.repeat(64)}`,
    };
    const ofToken = await this.#logIn({ token: tokens['a revoked token'] ?? '' });
    const revoked = await this.#logIn({ user: 'ada', password });
    const { sessions } = (await home.musterJson(['session', 'ls'])) as { sessions: { id: string; by: string }[] };
    for (const { id, by } of sessions) if (by === 'password') await home.muster(['session', 'revoke', id]);
    await home.muster(['token', 'revoke', 'revoked']);
    const session = await this.#logIn({ user: 'ada', password });
    for (const [name, token] of Object.entries(tokens)) this.shown.set(name as Credential, bearer(token));
    this.shown
      .set('nothing', {})
      .set('a password', { authorization: basic('ada', password) })
      .set('a wrong password', { authorization: basic('ada', 'wrong horse') })
      .set('a password for another page', { 'authorization': basic('ada', password), 'sec-fetch-site': 'cross-site' })
      .set('a session', { cookie: session, ...ownPage })
      .set('a session without a page', { cookie: session })
      .set('a session for another page', { 'cookie': session, 'sec-fetch-site': 'same-site' })
      .set('a revoked session', { cookie: revoked, ...ownPage })
      .set('a session of a revoked token', { cookie: ofToken, ...ownPage });
    for (const [name, { authorization }] of this.shown)
      if (name.endsWith('token') && authorization !== undefined) expect(authorization, name).toMatch(/^Bearer \S{20,}/);
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(expiresAt), { timeout: 60_000 });
  }

  /** How this user reaches it. */
  async endpoint(): Promise<{ readonly socket: string; readonly token: string }> {
    const found = await readEndpoint(this.home.stateDir);
    if (found.kind !== 'found') throw new Error('No endpoint');
    return found.endpoint;
  }

  async #logIn(form: Headers): Promise<string> {
    const body = new URLSearchParams(form).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await overHttp1(this.daemon.url, { method: 'POST', path: '/login', headers }, body);
    return (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
  }
}

function kindOf(listener: string): Kind {
  return listener.startsWith('HTTP/2') ? 'HTTP/2' : 'HTTP/1.1';
}

function overHttp1(
  url: string,
  { method, path, headers }: Ask,
  body = '{}',
  way: { readonly socketPath?: string } = {},
): Promise<Answer> {
  const { hostname, port, protocol } = new URL(url);
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const options = { hostname, port, path, method, headers: { 'content-type': 'application/json', ...headers } };
  return new Promise((resolve, reject) => {
    const request = send({ ...options, ...way, ca: readFileSync(cert), agent: false }, response => {
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    request.once('error', reject);
    request.end(method === 'GET' ? '' : body);
  });
}

function overHttp2(url: string, { method, path, headers }: Ask, way: SecureClientSessionOptions = {}): Promise<Answer> {
  const session = http2Connect(url, { ca: readFileSync(cert), ...way });
  const pseudo = { ':method': method, ':path': path };
  const stream = session.request({ ...pseudo, 'content-type': 'application/json', ...headers });
  return new Promise<Answer>((resolve, reject) => {
    session.once('error', reject);
    stream.once('error', reject);
    stream.once('response', found => {
      stream.resume();
      stream.once('end', () => resolve({ status: Number(found[':status']), headers: found }));
    });
    // One that gets is ended by itself.
    if (method === 'POST') stream.end('{}');
  }).finally(() => session.close());
}

const cleanUps: (() => Promise<void> | void)[] = [];
const cleanUp = (work: () => Promise<void> | void): void => void cleanUps.push(work);
const worlds = new Map<'plain' | 'tls', World>();
beforeAll(async () => {
  const programs = await buildPrograms();
  const start = async (kind: 'plain' | 'tls', more: readonly string[]): Promise<void> => {
    const home = testHome(programs, { cleanUps: cleanUp });
    const options = ['--listen', '127.0.0.1:0', ...more];
    const world = new World(home, await startDaemonWith(home, { options, cleanUps: cleanUp }));
    await world.prepare();
    worlds.set(kind, world);
  };
  await Promise.all([start('plain', []), start('tls', ['--tls-cert', cert, '--tls-key', key])]);
});
afterAll(async () => {
  for (const work of cleanUps.toReversed()) await work();
});

/** The endpoint's socket: its file is the way in, and what is good over the network is nothing there. */
function expectedOverSocket(route: Route, credential: Credential, shown: Headers, kind: Kind): string {
  const isOpen = shown['authorization'] === undefined;
  // What agent-compose's clients ask for shows nothing: who can open the socket is the same user.
  if (/of a workspace$|upload$/.test(route)) return isOpen ? 'in' : '401';
  if (route === 'the version') return 'in';
  if (route === 'a notebook') return credential === 'the endpoint’s token' || kind === 'HTTP/2' ? '404' : '401';
  if (!route.startsWith('a call')) return '404';
  if (credential === 'the endpoint’s token') return 'in';
  return route.startsWith('a call of theirs') && isOpen ? 'in' : '401';
}

const socketListeners = [
  {
    name: 'HTTP/1.1 over the socket',
    send: (socketPath: string, ask: Ask) => overHttp1('http://localhost', ask, '{}', { socketPath }),
  },
  {
    name: 'HTTP/2 over the socket',
    send: (socketPath: string, ask: Ask) =>
      overHttp2('http://localhost', ask, { createConnection: () => connectSocket(socketPath) }),
  },
] as const;

describe.each(socketListeners)('$name', ({ name, send }) => {
  test.each(credentials)('with %s', async credential => {
    const world = worlds.get('plain');
    const headers = world?.shown.get(credential);
    if (!world || !headers) throw new Error('Not prepared');
    const { socket } = await world.endpoint();
    const answers: Record<string, string> = {};
    for (const route of routeNames) {
      const { method, path } = routes[route];
      answers[route] = told(await send(socket, { method, path, headers }));
    }
    expect(answers).toEqual(
      Object.fromEntries(
        routeNames.map(route => [route, expectedOverSocket(route, credential, headers, kindOf(name))]),
      ),
    );
  });

  test('a call of theirs from inside a run is refused, and so is one of ours that a run may not make', async () => {
    const world = worlds.get('plain');
    if (!world) throw new Error('Not prepared');
    const { socket, token } = await world.endpoint();
    const ofRun = { [runHeader]: '01jwmadeuprun' };
    const theirs = routes['a call of theirs'];
    expect(told(await send(socket, { ...theirs, headers: ofRun }))).toBe('403');
    const ours = { ...routes['a call that rules'], headers: { ...ofRun, authorization: `Bearer ${token}` } };
    expect(told(await send(socket, ours))).toBe('403');
  });
});

test('the socket and the file that says where it is are their user’s alone', async () => {
  const world = worlds.get('plain');
  if (!world) throw new Error('Not prepared');
  const { socket } = await world.endpoint();
  const rights = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect([socket, join(world.home.stateDir, 'endpoint.json')].map(rights)).toEqual(['600', '600']);
  expect(rights(dirname(socket))).toBe('700');
});

const listeners = [
  { name: 'HTTP/1.1', kind: 'plain', send: overHttp1 },
  { name: 'HTTP/2 in clear', kind: 'plain', send: overHttp2 },
  { name: 'HTTP/1.1 over TLS', kind: 'tls', send: overHttp1 },
  { name: 'HTTP/2 over TLS', kind: 'tls', send: overHttp2 },
] as const;

describe.each(listeners)('$name', ({ name, kind, send }) => {
  test.each(credentials)('with %s', async credential => {
    const world = worlds.get(kind);
    const headers = world?.shown.get(credential);
    if (!world || !headers) throw new Error('Not prepared');
    const answers: Record<string, string> = {};
    // One after the other: a wrong password is answered so often before its place has to wait.
    for (const route of routeNames) {
      const { method, path } = routes[route];
      const answer = await send(world.daemon.url, { method, path, headers });
      // Nobody guesses more often than that: what is refused then is refused.
      answers[route] =
        answer.status === 429 && credential === 'a wrong password'
          ? expected(route, credential, kindOf(name))
          : told(answer);
    }
    expect(answers).toEqual(
      Object.fromEntries(routeNames.map(route => [route, expected(route, credential, kindOf(name))])),
    );
  });
});
