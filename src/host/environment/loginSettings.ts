import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import { ownValue } from '../../base/ownValue.js';
import { parseDuration } from '../../compose/duration.js';
import { scopes, type Scope } from '../../core/access/accessToken.js';
import type { NamedLogin } from '../../core/access/loginService.js';
import { isLoopback } from '../server/listenAddress.js';

type Environment = Record<string, string | undefined>;

/** What the environment says of people who log in, by agent-compose's names. */
export interface LoginEnvironment {
  readonly named: readonly NamedLogin[];
  readonly lifetimeMs: number;
  /** Keys the signature of sessions; empty: the machine's own key does. */
  readonly secret: string;
  /** Another service that people log in with; missing: none. */
  readonly provider?: ProviderSettings;
}

/** A service that describes itself, by OpenID Connect; or one that speaks plain OAuth 2, described by the environment. */
export type ProviderPlaces =
  | { readonly kind: 'described'; readonly issuer: string }
  | {
      readonly kind: 'plain';
      readonly authorize: string;
      readonly token: string;
      /** Says in JSON who somebody is, to who shows their access token. */
      readonly user: string;
      /** The field of that which names them. */
      readonly field: string;
    };

/** A service that people log in with, and who of those that it knows may come in. */
export interface ProviderSettings {
  readonly places: ProviderPlaces;
  readonly clientId: string;
  readonly secret: string;
  readonly clientAuth: 'client_secret_post' | 'basic' | 'none';
  /** Where it sends browsers back to. */
  readonly callback: string;
  readonly scopes: string;
  /** By verified address, or by the provider's own name (`sub`); of plain OAuth 2 by name, or by number as `id:4711`. */
  readonly users: ReadonlyMap<string, Scope>;
}

const dayMs = 24 * 60 * 60_000;

/**
 * `AUTH_PASSWORD` lets `AUTH_USERNAME` (admin) in, `HTTP_BASIC_AUTH` (user and password in base64) another one; `AUTH_SESSION_TTL` is
 * how long a session lasts, and another `AUTH_SECRET` ends all of them. They are taken out of the environment, so that no
 * agent that the host starts has them. Errors: `request.invalid`.
 */
export function takeLoginSettings(env: Environment): LoginEnvironment {
  const take = (name: string): string => {
    const value = ownValue(env, name) ?? '';
    Reflect.deleteProperty(env, name);
    return value;
  };
  const [user, password] = [take('AUTH_USERNAME') || 'admin', take('AUTH_PASSWORD')];
  const basic = Buffer.from(take('HTTP_BASIC_AUTH'), 'base64').toString('utf8');
  const colon = basic.indexOf(':');
  const named = [
    { user, password },
    { user: basic.slice(0, Math.max(0, colon)), password: basic.slice(colon + 1) },
  ].filter(each => each.user !== '' && each.password !== '');
  return {
    named: named.map(each => ({ ...each, scope: 'admin' })),
    lifetimeMs: lifetimeOf(take('AUTH_SESSION_TTL')),
    secret: take('AUTH_SECRET'),
    ...defined({ provider: takeProvider(take) }),
  };
}

/**
 * `OAUTH_BASE_URL` is the issuer; a service without discovery has `OAUTH_AUTHORIZE_URL`, `OAUTH_TOKEN_URL` and `OAUTH_USER_URL` instead, and
 * `OAUTH_USER_FIELD` (login) is what it calls people. `OAUTH_APIKEY` and `OAUTH_SECRET` are the client's id and secret, `OAUTH_CALLBACK_URL` ends in
 * `/oauth/callback`; `MUSTER_LOGIN_USERS` lists who may come in (`ada@example.com:admin bob@example.com:read`).
 */
function takeProvider(take: (name: string) => string): ProviderSettings | undefined {
  const places = takePlaces(take);
  const [clientId, secret] = [take('OAUTH_APIKEY'), take('OAUTH_SECRET')];
  const [callback, asked] = [take('OAUTH_CALLBACK_URL'), take('OAUTH_SCOPES')];
  const [method, users] = [take('OAUTH_CLIENT_AUTH_METHOD'), take('MUSTER_LOGIN_USERS')];
  if (!places) return undefined;
  if (clientId === '') throw refused('OAUTH_APIKEY', 'it is missing');
  if (!URL.canParse(callback) || new URL(callback).pathname !== '/oauth/callback')
    throw refused('OAUTH_CALLBACK_URL', 'it is the address of this host with the path /oauth/callback');
  const clientAuth = secret === '' ? 'none' : clientAuths.find(each => each === (method || 'client_secret_post'));
  if (!clientAuth) throw refused('OAUTH_CLIENT_AUTH_METHOD', `it is one of ${clientAuths.join(', ')}`);
  const words = asked.split(/[\s,]+/).filter(word => word !== '');
  const openId = places.kind === 'described' ? ['openid', ...(words.length === 0 ? ['email'] : [])] : [];
  const scope = [...new Set([...openId, ...words])].join(' ');
  return { places, clientId, secret, clientAuth, callback, scopes: scope, users: readUsers(users) };
}

function takePlaces(take: (name: string) => string): ProviderPlaces | undefined {
  const issuer = take('OAUTH_BASE_URL');
  const named = ['OAUTH_AUTHORIZE_URL', 'OAUTH_TOKEN_URL', 'OAUTH_USER_URL'].map(name => ({ name, text: take(name) }));
  const [authorize = '', token = '', user = ''] = named.map(({ text }) => text);
  const field = take('OAUTH_USER_FIELD') || 'login';
  const given = named.filter(({ text }) => text !== '');
  if (issuer !== '') {
    if (!URL.canParse(issuer)) throw refused('OAUTH_BASE_URL', 'it is the address of the provider');
    const [both] = given;
    if (both) throw refused(both.name, 'a provider with OAUTH_BASE_URL describes itself');
    return { kind: 'described', issuer };
  }
  if (given.length === 0) return undefined;
  const wrong = named.find(({ text }) => !isProtected(text));
  if (wrong) throw refused(wrong.name, 'it is an address with https: of the provider, beside the two others');
  return { kind: 'plain', authorize, token, user, field };
}

/** On this machine alone nobody listens in between. */
function isProtected(text: string): boolean {
  const { protocol, hostname } = URL.canParse(text) ? new URL(text) : { protocol: '', hostname: '' };
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

const clientAuths = ['client_secret_post', 'basic', 'none'] as const;

function readUsers(text: string): ReadonlyMap<string, Scope> {
  const entries = text.split(/[\s,]+/).filter(entry => entry !== '');
  if (entries.length === 0)
    throw refused('MUSTER_LOGIN_USERS', 'it lists who may come in, as in ada@example.com:admin');
  return new Map(
    entries.map(entry => {
      const [, name = '', word = 'operate'] = /^(.+?)(?::(read|operate|admin))?$/.exec(entry) ?? [];
      return [name.includes('@') ? name.toLowerCase() : name, scopes.find(each => each === word) ?? 'operate'];
    }),
  );
}

function refused(variable: string, reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `${variable} cannot be used: ${reason}.`, { field: variable, reason });
}

function lifetimeOf(text: string): number {
  if (text === '') return dayMs;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw refused('AUTH_SESSION_TTL', `${JSON.stringify(text.slice(0, 40))} is no duration; write 24h or 90m`);
}
