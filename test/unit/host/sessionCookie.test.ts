import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { isSame } from '../../../src/host/server/isSame.js';
import { SessionCookies } from '../../../src/host/server/sessionCookie.js';

const now = 1_000_000;

function request(headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  return { headers } as unknown as IncomingMessage;
}

function cookies({ tls = false, behindProxy = false, key = 'key' } = {}) {
  return new SessionCookies({ tls, behindProxy, port: () => 7410, key: Buffer.from(key) });
}

const valueOf = (cookie: string): string => cookie.split(';')[0] ?? '';
const set = (made: SessionCookies, headers = {}): string =>
  made.set(request(headers), { text: 'text', expiresAt: now + 60_000, now });

test('a cookie is read by who made it, until it expires', () => {
  const cookie = valueOf(set(cookies()));
  const read = (header: string, { at = now, by = cookies() } = {}) => by.read(request({ cookie: header }), at);
  expect(read(cookie)).toBe('text');
  expect(read(`theme=dark; ${cookie}; a=b`)).toBe('text');
  expect(read('theme=dark')).toBeUndefined();
  expect(read(cookie, { at: now + 60_000 })).toBe('');
  expect(read(cookie, { by: cookies({ key: 'another' }) })).toBe('');
  expect(read(`${cookie}; ${cookie}`)).toBe('');
  for (const changed of ['muster-7410=', 'muster-7410=text', 'muster-7410=a.b.c', cookie.replace('text', 'another')])
    expect(read(changed)).toBe('');
  // Later than it was signed for.
  const [text, expires = '', signature] = cookie.split('.');
  const later = (Number.parseInt(expires, 36) + 60_000).toString(36);
  expect(read([text, later, signature].join('.'), { at: now + 61_000 })).toBe('');
});

test('no script reads it and no other page sends it; behind TLS its name says that nobody else set it', () => {
  expect(set(cookies())).toMatch(/^muster-7410=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=60$/);
  expect(set(cookies({ tls: true }))).toMatch(
    /^__Host-muster=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=60; Secure$/,
  );
  const forwarded = { 'x-forwarded-proto': 'https' };
  expect(set(cookies({ behindProxy: true }), forwarded)).toContain('; Secure');
  // Without a proxy anybody could say so.
  expect(set(cookies(), forwarded)).not.toContain('Secure');
  expect(cookies({ tls: true }).clear(request())).toMatch(/^__Host-muster=; .*Max-Age=0; Secure$/);
});

test('secrets of any length are compared', () => {
  expect(isSame('secret', 'secret')).toBe(true);
  for (const other of ['', 'secre', 'secrets', 'Secret', 'ſecret']) expect(isSame(other, 'secret')).toBe(false);
});
