import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { startDaemonWith } from '../support/daemon.ts';
import { buildPrograms, testHome, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** A host that people log in to with a provider of their own. */
async function world(users: string, kind: 'described' | 'plain' = 'described') {
  const port = await freePort();
  const callback = `http://127.0.0.1:${port}/oauth/callback`;
  const provider = spawn(process.execPath, [inRepository('test/fixtures/openIdProvider.mjs'), callback, kind], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void provider.kill());
  const [issuer] = (await once(createInterface(provider.stdout), 'line')) as [string];
  const home = testHome(programs);
  const places: Readonly<Record<string, string>> =
    kind === 'described'
      ? { OAUTH_BASE_URL: issuer }
      : {
          OAUTH_AUTHORIZE_URL: `${issuer}/auth`,
          OAUTH_TOKEN_URL: `${issuer}/token`,
          OAUTH_USER_URL: `${issuer}/user`,
          OAUTH_SCOPES: 'read:user',
        };
  const env = {
    ...places,
    OAUTH_APIKEY: 'muster',
    OAUTH_SECRET: 'secret of the client',
    OAUTH_CALLBACK_URL: callback,
    MUSTER_LOGIN_USERS: users,
  };
  const daemon = await startDaemonWith(home, { options: ['--listen', `127.0.0.1:${port}`], env });
  const as = async (name: string): Promise<void> => void (await fetch(`${issuer}/as/${name}`));
  return { home, daemon, issuer, as, provider };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** As much of a browser as a login needs: it follows redirects and keeps cookies, apart by origin. */
class Jar {
  readonly #cookies = new Map<string, string>();

  async get(start: string, { until = '' } = {}): Promise<{ url: string; status: number; text: string }> {
    let url = start;
    for (;;) {
      const { origin } = new URL(url);
      const mine = [...this.#cookies].filter(([key]) => key.startsWith(`${origin} `)).map(([, pair]) => pair);
      const response = await fetch(url, { redirect: 'manual', headers: { Cookie: mine.join('; ') } });
      for (const cookie of response.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';');
        const [name = ''] = pair.split('=');
        this.#cookies.set(`${origin} ${name}`, pair);
      }
      const location = response.headers.get('location');
      if (location === null) return { url, status: response.status, text: await response.text() };
      url = new URL(location, url).href;
      if (until !== '' && url.includes(until)) return { url, status: response.status, text: '' };
    }
  }

  /** What the host says of the session. */
  async status(host: string): Promise<unknown> {
    return JSON.parse((await this.get(`${host}/api/auth/status`)).text) as unknown;
  }
}

test('who is on the list comes in with what it says they may do, by a verified address or the provider’s name', async () => {
  const { home, daemon, issuer, as } = await world('ada@example.com:admin bob:read, mallory@example.com');
  const page = await (await fetch(`${daemon.url}/login`)).text();
  expect(page).toContain(`Log in with ${new URL(issuer).host}`);

  const ada = new Jar();
  const end = await ada.get(`${daemon.url}/oauth/authorize?next=/settings`);
  expect(end.status).toBe(200);
  expect(end.text).toContain('url=/settings');
  expect(await ada.status(daemon.url)).toMatchObject({ authenticated: true, user: 'ada@example.com', scope: 'admin' });
  expect(await home.musterJson(['session', 'ls'])).toMatchObject({ sessions: [{ by: 'provider' }] });

  await as('bob');
  const bob = new Jar();
  await bob.get(`${daemon.url}/oauth/authorize`);
  expect(await bob.status(daemon.url)).toMatchObject({ user: 'bob', scope: 'read' });

  for (const stranger of ['eve', 'mallory']) {
    await as(stranger);
    const jar = new Jar();
    const refused = await jar.get(`${daemon.url}/oauth/authorize`);
    expect(refused).toMatchObject({ status: 403, text: expect.stringContaining('not on the list') });
    expect(await jar.status(daemon.url)).toMatchObject({ authenticated: false });
  }
});

test('what comes back counts once, in the browser that began, and as the provider said it', async () => {
  const { daemon, issuer } = await world('ada@example.com');
  const ada = new Jar();
  const back = await ada.get(`${daemon.url}/oauth/authorize`, { until: '/oauth/callback' });
  expect((await new Jar().get(back.url)).status).toBe(401);
  const changed = new URL(back.url);
  changed.searchParams.set('state', 'another');
  expect((await ada.get(changed.href)).status).toBe(401);
  expect((await ada.get(back.url)).status).toBe(200);
  expect((await ada.get(back.url)).status).toBe(401);

  const other = new Jar();
  const again = await other.get(`${daemon.url}/oauth/authorize`, { until: '/oauth/callback' });
  const forged = new URL(again.url);
  forged.searchParams.set('code', 'made-up');
  expect(await other.get(forged.href)).toMatchObject({
    status: 401,
    text: expect.stringContaining('did not let you in'),
  });
  expect((await other.get(again.url)).status).toBe(401);
  expect(await other.status(daemon.url)).toMatchObject({ authenticated: false });
  const begun = await new Jar().get(`${daemon.url}/oauth/authorize`, { until: issuer });
  expect(begun.url).toMatch(/code_challenge_method=S256/);
  expect(begun.url).toMatch(/nonce=[\w-]{20,}/);
});

test('a service without OpenID Connect vouches by name or number, and for nobody who calls themselves like another one', async () => {
  const { home, daemon, issuer, as } = await world('ada:admin id:4005:read ada@example.com 4005', 'plain');
  expect((await fetch(`${issuer}/.well-known/openid-configuration`)).status).toBe(404);
  const ada = new Jar();
  const begun = await new Jar().get(`${daemon.url}/oauth/authorize`, { until: issuer });
  expect(begun.url).toMatch(/code_challenge_method=S256/);
  expect((await ada.get(`${daemon.url}/oauth/authorize?next=/settings`)).status).toBe(200);
  expect(await ada.status(daemon.url)).toMatchObject({ authenticated: true, user: 'ada', scope: 'admin' });
  expect(await home.musterJson(['session', 'ls'])).toMatchObject({ sessions: [{ by: 'provider' }] });

  await as('robin');
  const robin = new Jar();
  await robin.get(`${daemon.url}/oauth/authorize`);
  expect(await robin.status(daemon.url)).toMatchObject({ user: 'id:4005', scope: 'read' });

  for (const stranger of ['eve', encodeURIComponent('ada@example.com'), encodeURIComponent('id:4005')]) {
    await as(stranger);
    const jar = new Jar();
    const refused = await jar.get(`${daemon.url}/oauth/authorize`);
    expect(refused, stranger).toMatchObject({ status: 403, text: expect.stringContaining('not on the list') });
    expect(await jar.status(daemon.url)).toMatchObject({ authenticated: false });
  }

  await as('ada');
  const back = await ada.get(`${daemon.url}/oauth/authorize`, { until: '/oauth/callback' });
  expect((await new Jar().get(back.url)).status).toBe(401);
  const forged = new URL(back.url);
  forged.searchParams.set('code', 'made-up');
  expect((await ada.get(forged.href)).status).toBe(401);
  expect((await ada.get(back.url)).status).toBe(401);
});

test('a provider that is not there is said, and one that is half described keeps the host from listening', async () => {
  const { daemon, provider } = await world('ada@example.com');
  provider.kill();
  await once(provider, 'exit');
  const page = await new Jar().get(`${daemon.url}/oauth/authorize`);
  expect(page).toMatchObject({ status: 502, text: expect.stringContaining('cannot be reached') });
  const home = testHome(programs);
  const env = { OAUTH_BASE_URL: 'https://login.example.com', OAUTH_APIKEY: 'muster' };
  const refused = await home.muster(['daemon', '--listen', '127.0.0.1:0'], { env });
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('OAUTH_CALLBACK_URL') });
});
