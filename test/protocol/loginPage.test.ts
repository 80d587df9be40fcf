import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startDaemon, startDaemonWith, type Daemon } from '../support/daemon.ts';
import { buildPrograms, testHome, type Programs, type TestHome } from '../support/hostProcess.ts';
import { rawRequest } from '../support/rawRequest.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const password = 'correct horse';

async function withPassword(): Promise<{ readonly home: TestHome; readonly daemon: Daemon }> {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const set = await home.muster(['password', 'set', 'ada'], { input: `${password}\n` });
  expect(set).toMatchObject({ status: 0, stdout: 'ada may log in.\n' });
  return { home, daemon };
}

type Headers = Readonly<Record<string, string>>;

async function logIn(url: string, form: Headers, headers: Headers = {}) {
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams(form),
  });
  const cookie = response.headers.get('set-cookie') ?? '';
  return { status: response.status, location: response.headers.get('location'), cookie, text: await response.text() };
}

/** As a page of the host's own makes the browser send it. */
const ownPage: Headers = { 'Sec-Fetch-Site': 'same-origin' };

async function call(url: string, headers: Headers, method = 'muster.v1.AccessService/ListTokens') {
  const response = await fetch(`${url}/${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: '{}',
  });
  await response.body?.cancel();
  return response.status;
}

const valueOf = (cookie: string): string => cookie.split(';')[0] ?? '';

test('a person logs in with a password, works, and logs out; the cookie is worth nothing afterwards', async () => {
  const { home, daemon } = await withPassword();
  const page = await fetch(`${daemon.url}/login?next=/threads/1`);
  const text = await page.text();
  expect(text).toContain('name="password"');
  expect(text).toContain('value="/threads/1"');
  expect(text).not.toMatch(/<script|style=|<style/);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");

  const { status, location, cookie } = await logIn(daemon.url, { user: 'ada', password, next: '/threads/1' }, ownPage);
  expect({ status, location }).toEqual({ status: 303, location: '/threads/1' });
  expect(cookie).toMatch(/^muster-\d+=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=86\d{3}$/);
  const shown = { ...ownPage, Cookie: valueOf(cookie) };
  expect(await call(daemon.url, shown)).toBe(200);
  const listed = JSON.parse((await home.muster(['session', 'ls', '--json'])).stdout) as { sessions: object[] };
  expect(listed.sessions).toMatchObject([{ user: 'ada', scope: 'admin', by: 'password' }]);

  const out = await fetch(`${daemon.url}/logout`, { method: 'POST', redirect: 'manual', headers: shown });
  expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
  expect(await call(daemon.url, shown)).toBe(401);
});

test('a cookie is refused that was changed, is another host’s, has no page of ours behind it, or whose session was revoked', async () => {
  const { home, daemon } = await withPassword();
  const { cookie } = await logIn(daemon.url, { user: 'ada', password });
  const value = valueOf(cookie);
  const origin = daemon.url;
  const ask = async (headers: Headers) => await call(daemon.url, { Cookie: value, ...headers });
  expect(await ask(ownPage)).toBe(200);
  expect(await ask({ Origin: origin })).toBe(200);
  expect(await ask({})).toBe(403);
  for (const site of ['cross-site', 'same-site', 'none']) expect(await ask({ 'Sec-Fetch-Site': site })).toBe(403);
  expect(await ask({ 'Origin': 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' })).toBe(403);
  expect(await ask({ ...ownPage, Cookie: `${value}x` })).toBe(401);
  expect(await ask({ ...ownPage, Cookie: value.replace(/\.(.)/, '.z$1') })).toBe(401);
  expect(await ask({ ...ownPage, Cookie: `${value}; ${value}` })).toBe(401);
  const { sessions } = JSON.parse((await home.muster(['session', 'ls', '--json'])).stdout) as {
    sessions: { id: string }[];
  };
  expect(await home.muster(['session', 'revoke', sessions[0]?.id ?? ''])).toMatchObject({ status: 0 });
  expect(await ask(ownPage)).toBe(401);
});

test('what a browser had before it logged in says nothing afterwards', async () => {
  const { daemon } = await withPassword();
  const eve = await logIn(daemon.url, { token: await daemon.token('--scope', 'read') });
  const planted = valueOf(eve.cookie);
  const ada = await logIn(daemon.url, { user: 'ada', password }, { ...ownPage, Cookie: planted });
  expect(valueOf(ada.cookie)).not.toBe(planted);
  expect(await call(daemon.url, { ...ownPage, Cookie: planted })).toBe(403);
  expect(await call(daemon.url, { ...ownPage, Cookie: valueOf(ada.cookie) })).toBe(200);
});

test('pages of others log nobody in or out, and lead nobody elsewhere', async () => {
  const { daemon } = await withPassword();
  const form = { user: 'ada', password };
  for (const site of ['cross-site', 'same-site'])
    expect(await logIn(daemon.url, form, { 'Sec-Fetch-Site': site })).toMatchObject({ status: 403, cookie: '' });
  expect(await logIn(daemon.url, form, { Origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example', '/login', 'javascript:alert(1)'])
    expect(await logIn(daemon.url, { ...form, next }, ownPage)).toMatchObject({ status: 303, location: '/' });
  const host = new URL(daemon.url).host;
  const ask = (headers: Headers) =>
    rawRequest(daemon.url, [
      'GET /login HTTP/1.1',
      ...Object.entries({ Host: host, Connection: 'close', ...headers }).map(([k, v]) => `${k}: ${v}`),
      '',
      '',
    ]);
  expect(await ask({})).toMatch(/^HTTP\/1.1 200/);
  expect(await ask({ Host: 'evil.example' })).toMatch(/^HTTP\/1.1 403/);
});

test('wrong passwords are refused, many of them for a while, and nothing of it is written down', async () => {
  const { home, daemon } = await withPassword();
  const wrong = { user: 'ada', password: 'wrong battery staple' };
  for (let i = 0; i < 5; i++) {
    const refused = await logIn(daemon.url, wrong);
    expect(refused).toMatchObject({ status: 401, cookie: '' });
    expect(refused.text).toContain('User or password is wrong.');
  }
  const paused = await logIn(daemon.url, { user: 'ada', password });
  expect(paused.status).toBe(429);
  expect(paused.text).toMatch(/Try again in \d+ s/);
  expect(await call(daemon.url, { Authorization: basic('ada', password) })).toBe(429);
  const everything = `cat ${home.stateDir}/*.db* ${home.stateDir}/*.log* ${home.stateDir}/logs/* 2>/dev/null || true`;
  const files = execFileSync('sh', ['-c', everything], { maxBuffer: 256 * 1024 * 1024 });
  expect(files.includes(password)).toBe(false);
  expect(files.includes(wrong.password)).toBe(false);
  expect(files.includes('A login was refused')).toBe(true);
});

test('what is too long is refused and the host goes on', async () => {
  const { daemon } = await withPassword();
  expect(await logIn(daemon.url, { user: 'ada', password: 'x'.repeat(20_000) })).toMatchObject({
    status: 400,
    cookie: '',
  });
  const long = await fetch(`${daemon.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: 'x'.repeat(20_000) }),
  });
  expect(long.status).toBe(400);
  const Authorization = basic('ada', password);
  const huge = await fetch(`${daemon.url}/muster.v1.ThreadService/Dispatch`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization },
    body: JSON.stringify({ prompt: 'x'.repeat(33 * 1024 * 1024) }),
  });
  expect(await huge.json()).toMatchObject({ code: 'resource_exhausted' });
  expect(await call(daemon.url, { Authorization: `Basic ${'x'.repeat(20_000)}` })).toBe(401);
  expect(await call(daemon.url, { Authorization })).toBe(200);
});

test('HTTP basic lets programs in, and no page of others that a browser sends it for', async () => {
  const { daemon } = await withPassword();
  const Authorization = basic('ada', password);
  expect(await call(daemon.url, { Authorization })).toBe(200);
  expect(await call(daemon.url, { Authorization, 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
  expect(await call(daemon.url, { Authorization: basic('ada', 'wrong horse') })).toBe(401);
  expect(await call(daemon.url, { Authorization: basic('eve', password) })).toBe(401);
  expect(await call(daemon.url, { Authorization: 'Basic !!!' })).toBe(401);
});

test('agent-compose’s variables and routes work: a user of the environment, in JSON, and only they', async () => {
  const home = testHome(programs);
  const daemon = await startDaemonWith(home, {
    options: ['--listen', '127.0.0.1:0'],
    env: {
      AUTH_USERNAME: 'root',
      AUTH_PASSWORD: password,
      AUTH_SESSION_TTL: '90s',
      HTTP_BASIC_AUTH: Buffer.from(`ci:${password} too`).toString('base64'),
    },
  });
  const status = async (headers: Headers = {}): Promise<unknown> =>
    await (await fetch(`${daemon.url}/api/auth/status`, { headers })).json();
  expect(await status()).toEqual({ authenticated: false, password: true, oauth: false });
  const logInJson = (body: object) =>
    fetch(`${daemon.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect((await logInJson({ username: 'admin', password })).status).toBe(401);
  const opened = await logInJson({ username: 'root', password });
  expect(await opened.json()).toEqual({ authenticated: true, user: 'root', scope: 'admin' });
  const cookie = opened.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/Max-Age=(90|89)$/);
  expect(await status({ Cookie: valueOf(cookie) })).toMatchObject({ authenticated: true, user: 'root' });
  expect(await call(daemon.url, { Authorization: basic('ci', `${password} too`) })).toBe(200);
});

test('a daemon reads its listener and its logins from .env of its folder, and nothing else', async () => {
  const home = testHome(programs);
  const folder = tempDirectory();
  const lines = [
    'HTTP_LISTEN=127.0.0.1:0',
    `AUTH_PASSWORD="${password}"`,
    'AUTH_USERNAME=eve',
    'PATH=/nowhere',
    'what is this',
  ];
  writeFileSync(join(folder, '.env'), `${lines.join('\n')}\n`);
  const daemon = await startDaemonWith(home, { options: [], cwd: folder, env: { AUTH_USERNAME: 'root' } });
  expect(await call(daemon.url, { Authorization: basic('root', password) })).toBe(200);
  expect(await call(daemon.url, { Authorization: basic('eve', password) })).toBe(401);
});

test('behind something that speaks TLS the cookie is Secure and its name says so', async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0', '--plain-http');
  const token = await daemon.token('--scope', 'read');
  const { cookie } = await logIn(daemon.url, { token }, { 'X-Forwarded-Proto': 'https' });
  expect(cookie).toMatch(/^__Host-muster=.*; Secure$/);
  const method = 'muster.v1.HostService/GetStatus';
  const shown = { ...ownPage, Cookie: valueOf(cookie) };
  expect(await call(daemon.url, { ...shown, 'X-Forwarded-Proto': 'https' }, method)).toBe(200);
  expect(await call(daemon.url, shown, method)).toBe(401);
});

function basic(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

test('an address that is none is refused at once, and the host goes on', async () => {
  const { daemon } = await withPassword();
  const { host } = new URL(daemon.url);
  for (const address of ['//', '//[', 'http://[', '/\\', 'http://a:99999/']) {
    const lines = [`GET ${address} HTTP/1.1`, `Host: ${host}`, 'Connection: close', '', ''];
    expect(await rawRequest(daemon.url, lines)).toMatch(/^HTTP\/1\.1 400 /);
  }
  expect(await call(daemon.url, {})).toBe(401);
});
