import { createHmac, randomBytes } from 'node:crypto';
import { isAppError } from '../../base/errors.js';
import type { Scope } from '../../core/access/accessToken.js';
import type { AccessTokenService } from '../../core/access/accessTokenService.js';
import type { LoginService } from '../../core/access/loginService.js';
import { bearerText } from './gate.js';
import { networkOf } from './networkOf.js';
import type { Handler } from './nodeHandler.js';
import type { SessionCookies } from './sessionCookie.js';
import { noteRecognition, type Recognition, type Visitor } from './visitor.js';

export type VisitorRequest = Parameters<Handler>[0];

/** Programs that send a password with each request need not wait 80 ms for each. */
const basicForMs = 5 * 60_000;
const mostBasics = 1_000;

export interface VisitorsOptions {
  readonly tokens: Pick<AccessTokenService, 'recognise'>;
  readonly logins: Pick<LoginService, 'check' | 'recognise' | 'scopeOf'>;
  readonly cookies: SessionCookies;
  readonly now: () => number;
  /** The listener's, where the last address of `X-Forwarded-For` is its proxy's word. */
  readonly behindProxy: boolean;
}

interface Known {
  readonly user: string;
  readonly mark: string;
  readonly until: number;
}

/** Finds out who sends a request: by a token, a password (HTTP basic) or the cookie of a session. */
export class Visitors {
  readonly #options: VisitorsOptions;
  readonly #basics = new Map<string, Known>();
  readonly #key = randomBytes(32);

  constructor(options: VisitorsOptions) {
    this.#options = options;
  }

  /** `own`: a page of ours alone may make the browser send it, because it does more than open a page. */
  async recognise(request: VisitorRequest, { own }: { readonly own: boolean }): Promise<Recognition> {
    const found = await this.#find(request, own);
    noteRecognition(request, found);
    return found;
  }

  /** Where a guess comes from. */
  placeOf(request: VisitorRequest): string {
    const forwarded = this.#options.behindProxy ? request.headers['x-forwarded-for'] : undefined;
    const last = typeof forwarded === 'string' ? forwarded.split(',').at(-1)?.trim() : undefined;
    return networkOf((last || request.socket?.remoteAddress) ?? '');
  }

  async #find(request: VisitorRequest, own: boolean): Promise<Recognition> {
    const { authorization } = request.headers;
    const { tokens } = this.#options;
    if (authorization !== undefined) {
      const basic = basicOf(authorization);
      if (basic) return isAskedForByOthers(request) ? foreign : await this.#ofPassword(request, basic);
      const text = bearerText(authorization);
      const token = text === undefined ? undefined : tokens.recognise(text);
      if (text === undefined) return { kind: 'nobody' };
      return token ? named(token.name, token.scope, () => tokens.recognise(text)?.scope) : { kind: 'unknown' };
    }
    return this.#ofSession(request, own);
  }

  #ofSession(request: VisitorRequest, own: boolean): Recognition {
    const { cookies, logins, now } = this.#options;
    const text = cookies.read(request, now());
    if (text === undefined) return { kind: 'nobody' };
    if (text === '') return { kind: 'unknown' };
    if (own && !isOfOwnPage(request)) return foreign;
    const session = logins.recognise(text);
    if (!session) return { kind: 'unknown' };
    const { user, scope, id } = session;
    const scopeNow = (): Scope | undefined => logins.recognise(text)?.scope;
    return { kind: 'visitor', visitor: { name: user, scope, session: id, scopeNow } };
  }

  async #ofPassword(
    request: VisitorRequest,
    { user, password }: { readonly user: string; readonly password: string },
  ): Promise<Recognition> {
    const { logins, now } = this.#options;
    const key = createHmac('sha256', this.#key).update(`${user}\n${password}`).digest('hex');
    const known = this.#basics.get(key);
    const scope = known && known.until > now() ? logins.scopeOf(known) : undefined;
    if (known && scope) return named(user, scope, () => logins.scopeOf(known));
    this.#basics.delete(key);
    try {
      const checked = await logins.check({ user, password, from: this.placeOf(request) });
      this.#basics.set(key, { ...checked, until: now() + basicForMs });
      const [oldest] = this.#basics.keys();
      if (this.#basics.size > mostBasics && oldest !== undefined) this.#basics.delete(oldest);
      return named(checked.user, checked.scope, () => logins.scopeOf(checked));
    } catch (error) {
      if (isAppError(error, 'login.refused')) return { kind: 'unknown' };
      if (isAppError(error, 'login.paused')) return { kind: 'paused', seconds: error.data.seconds };
      throw error;
    }
  }
}

const foreign: Recognition = { kind: 'foreign' };

function named(name: string, scope: Scope, scopeNow: Visitor['scopeNow']): Recognition {
  return { kind: 'visitor', visitor: { name, scope, scopeNow } };
}

function basicOf(header: string): { readonly user: string; readonly password: string } | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=]{1,4096})$/i.exec(header) ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Browsers send a password that they have learned with whatever any page asks for, and say on whose behalf. */
function isAskedForByOthers({ headers }: VisitorRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** The browser says so: by `Sec-Fetch-Site`, or where it is too old for that by an origin, which was compared with the host before. */
function isOfOwnPage({ headers }: VisitorRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined ? headers.origin !== undefined : site === 'same-origin';
}
