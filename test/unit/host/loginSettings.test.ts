import { expect, test } from 'vitest';
import { takeLoginSettings } from '../../../src/host/environment/loginSettings.js';
import { ownPath } from '../../../src/host/pages/loginRoutes.js';

const provider = {
  OAUTH_BASE_URL: 'https://login.example.com',
  OAUTH_APIKEY: 'muster',
  OAUTH_SECRET: 'secret',
  OAUTH_CALLBACK_URL: 'https://muster.example.com/oauth/callback',
  MUSTER_LOGIN_USERS: 'Ada@example.com:admin, bob 4711:read',
};

test('what the environment says of logins is taken out of it', () => {
  const env = {
    ...provider,
    PATH: '/bin',
    AUTH_PASSWORD: 'correct horse',
    AUTH_SECRET: 'signs',
    AUTH_SESSION_TTL: '90m',
    HTTP_BASIC_AUTH: Buffer.from('ci:a:b').toString('base64'),
  };
  const settings = takeLoginSettings(env);
  expect(env).toEqual({ PATH: '/bin' });
  expect(settings).toMatchObject({ lifetimeMs: 90 * 60_000, secret: 'signs' });
  expect(settings.named).toEqual([
    { user: 'admin', password: 'correct horse', scope: 'admin' },
    { user: 'ci', password: 'a:b', scope: 'admin' },
  ]);
  expect(settings.provider).toMatchObject({ scopes: 'openid email', clientAuth: 'client_secret_post' });
  expect([...(settings.provider?.users ?? [])]).toEqual([
    ['ada@example.com', 'admin'],
    ['bob', 'operate'],
    ['4711', 'read'],
  ]);
});

const plain = {
  ...provider,
  OAUTH_BASE_URL: '',
  OAUTH_AUTHORIZE_URL: 'https://github.com/login/oauth/authorize',
  OAUTH_TOKEN_URL: 'https://github.com/login/oauth/access_token',
  OAUTH_USER_URL: 'https://api.github.com/user',
};

test('a service without discovery is described by its three addresses, and asked for nothing by default', () => {
  const { places, scopes } = takeLoginSettings({ ...plain }).provider ?? {};
  expect(places).toEqual({
    kind: 'plain',
    authorize: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    user: 'https://api.github.com/user',
    field: 'login',
  });
  expect(scopes).toBe('');
});

test('nothing said means nobody', () => {
  expect(takeLoginSettings({})).toEqual({ named: [], lifetimeMs: 24 * 60 * 60_000, secret: '' });
  expect(takeLoginSettings({ AUTH_USERNAME: 'ada', HTTP_BASIC_AUTH: 'b25lIHdvcmQ=' }).named).toEqual([]);
});

test.each([
  ['AUTH_SESSION_TTL', { AUTH_SESSION_TTL: 'soon' }],
  ['AUTH_SESSION_TTL', { AUTH_SESSION_TTL: '0s' }],
  ['OAUTH_TOKEN_URL', { ...plain, OAUTH_TOKEN_URL: '' }],
  ['OAUTH_USER_URL', { ...plain, OAUTH_USER_URL: 'http://api.github.com/user' }],
  ['OAUTH_AUTHORIZE_URL', { ...plain, OAUTH_BASE_URL: 'https://login.example.com' }],
  ['OAUTH_BASE_URL', { ...provider, OAUTH_BASE_URL: 'login' }],
  ['OAUTH_APIKEY', { ...provider, OAUTH_APIKEY: '' }],
  ['OAUTH_CALLBACK_URL', { ...provider, OAUTH_CALLBACK_URL: 'https://muster.example.com/' }],
  ['OAUTH_CLIENT_AUTH_METHOD', { ...provider, OAUTH_CLIENT_AUTH_METHOD: 'magic' }],
  ['MUSTER_LOGIN_USERS', { ...provider, MUSTER_LOGIN_USERS: ' , ' }],
])('%s that cannot be used is named', (name, env) => {
  expect(() => takeLoginSettings({ ...env })).toThrow(`${name} cannot be used`);
});

test('nobody is led elsewhere after a login', () => {
  for (const path of ['/', '/threads/y07n5qp6p686/changes?file=a%20b', '/settings']) expect(ownPath(path)).toBe(path);
  for (const text of [
    '',
    '//evil.example',
    '/\\evil',
    'https://evil.example',
    '/login?next=/',
    '/a\r\nb',
    '/"><script>',
  ])
    expect(ownPath(text)).toBe('/');
});
