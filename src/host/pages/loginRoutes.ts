import { defined } from '../../base/defined.js';
import { isAppError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { LoginService, OpenedSession } from '../../core/access/loginService.js';
import { readBody, TooLarge } from '../ingress/readBody.js';
import type { SessionCookies } from '../server/sessionCookie.js';
import type { Visitors } from '../server/visitors.js';
import { loginPage } from './loginPage.js';
import { html, json, seeOther, throughOurselves, type PageAnswer, type PageRequest } from './pageAnswer.js';
import type { ProviderLogin } from './providerLogin.js';

/** User, password, token and where to go. */
const maxFormBytes = 16 * 1024;

export interface LoginRoutesOptions {
  readonly logins: LoginService;
  readonly visitors: Visitors;
  readonly cookies: SessionCookies;
  readonly provider?: ProviderLogin;
  readonly now: () => number;
  readonly log: Log;
}

/** How somebody logs in and out: the page, and agent-compose's three routes. */
export class LoginRoutes {
  readonly #options: LoginRoutesOptions;

  constructor(options: LoginRoutesOptions) {
    this.#options = options;
  }

  /** Undefined for what is no route of it. */
  answer(request: PageRequest, url: URL): Promise<PageAnswer> | undefined {
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /login':
        return this.#page(request, url);
      case 'POST /login':
        return this.#logIn(request);
      case 'GET /oauth/authorize':
        return this.#goToProvider(request, url);
      case 'GET /oauth/callback':
        return this.#comeFromProvider(request, url);
      case 'POST /logout':
        return this.#logOut(request, seeOther('/login'));
      case 'GET /api/auth/status':
        return this.#status(request);
      case 'POST /api/auth/login':
        return this.#logInWithJson(request);
      case 'POST /api/auth/logout':
        return this.#logOut(request, json(200, { authenticated: false }));
      default:
        return undefined;
    }
  }

  async #page(request: PageRequest, url: URL): Promise<PageAnswer> {
    const next = ownPath(url.searchParams.get('next') ?? '/');
    const { kind } = await this.#options.visitors.recognise(request, { own: false });
    if (kind === 'visitor') return seeOther(next);
    return this.#form(200, { next });
  }

  #form(status: number, { next = '/', user = '', error = '' }): PageAnswer {
    const { logins, provider } = this.#options;
    return html(
      status,
      loginPage({ next, user, error, passwords: logins.hasPasswords, ...defined({ provider: provider?.name }) }),
    );
  }

  async #status(request: PageRequest): Promise<PageAnswer> {
    const found = await this.#options.visitors.recognise(request, { own: false });
    const { logins, provider } = this.#options;
    const ways = { password: logins.hasPasswords, oauth: provider !== undefined };
    if (found.kind !== 'visitor') return json(200, { authenticated: false, ...ways });
    return json(200, { authenticated: true, ...ways, user: found.visitor.name, scope: found.visitor.scope });
  }

  async #logIn(request: PageRequest): Promise<PageAnswer> {
    if (!isSentByOwnPage(request)) return notOurs;
    const form = await readForm(request, 'application/x-www-form-urlencoded', text => new URLSearchParams(text));
    if (!form) return this.#form(400, { error: 'That could not be read. Try again.' });
    const ask = (name: string): string => form.get(name) ?? '';
    const next = ownPath(ask('next'));
    const opened = await this.#try(request, { user: ask('user'), password: ask('password'), token: ask('token') });
    if ('status' in opened)
      return this.#form(opened.status, { next, user: ask('user').slice(0, 64), error: opened.reason });
    return seeOther(next, { 'set-cookie': this.#cookie(request, opened) });
  }

  async #logInWithJson(request: PageRequest): Promise<PageAnswer> {
    if (!isSentByOwnPage(request)) return notOurs;
    const body = await readForm(request, 'application/json', parseObject);
    const ask = (name: string): string => {
      const value: unknown = body?.get(name);
      return typeof value === 'string' ? value : '';
    };
    if (!body) return json(400, { error: 'Send {"username": "…", "password": "…"}.' });
    const opened = await this.#try(request, { user: ask('username'), password: ask('password'), token: ask('token') });
    if ('status' in opened) return json(opened.status, { error: opened.reason });
    const { user, scope } = opened.session;
    return json(200, { authenticated: true, user, scope }, { 'set-cookie': this.#cookie(request, opened) });
  }

  /** A new session, whatever cookie the browser had: what somebody planted there is worth nothing afterwards. */
  async #try(
    request: PageRequest,
    given: { readonly user: string; readonly password: string; readonly token: string },
  ): Promise<OpenedSession | { readonly status: number; readonly reason: string }> {
    const { logins, visitors, log } = this.#options;
    const from = visitors.placeOf(request);
    const by = given.token === '' ? 'password' : 'token';
    try {
      const opened =
        by === 'token'
          ? logins.logInWithToken({ token: given.token.trim(), from })
          : await logins.logIn({ user: given.user, password: given.password, from });
      log.info('Somebody logged in', { user: opened.session.user, by, session: opened.session.id, from });
      return opened;
    } catch (error) {
      if (isAppError(error, 'login.refused')) {
        log.warn('A login was refused', { by, from });
        return { status: 401, reason: error.message };
      }
      if (isAppError(error, 'login.paused')) {
        log.warn('A login has to wait', { by, from, seconds: error.data.seconds });
        return { status: 429, reason: error.message };
      }
      throw error;
    }
  }

  async #goToProvider(request: PageRequest, url: URL): Promise<PageAnswer> {
    const { provider } = this.#options;
    const next = ownPath(url.searchParams.get('next') ?? '/');
    if (!provider) return seeOther('/login');
    const answer = await provider.begin(request, next);
    return 'reason' in answer ? this.#form(502, { next, error: answer.reason }) : answer;
  }

  async #comeFromProvider(request: PageRequest, url: URL): Promise<PageAnswer> {
    const { provider, logins, log } = this.#options;
    if (!provider) return seeOther('/login');
    const answer = await provider.finish(request, url);
    if (answer.kind === 'refused') return this.#form(401, { error: answer.reason });
    try {
      const opened = logins.vouchedFor(answer.names);
      log.info('Somebody logged in', { user: opened.session.user, by: 'provider', session: opened.session.id });
      const page = throughOurselves(answer.next);
      return { ...page, headers: { ...page.headers, 'set-cookie': this.#cookie(request, opened) } };
    } catch (error) {
      if (!isAppError(error, 'login.refused')) throw error;
      log.warn('A login was refused', { by: 'provider', names: answer.names.join(' ') });
      return this.#form(403, { error: error.message });
    }
  }

  async #logOut(request: PageRequest, answer: PageAnswer): Promise<PageAnswer> {
    const { visitors, logins, cookies, log } = this.#options;
    if (!isSentByOwnPage(request)) return notOurs;
    const found = await visitors.recognise(request, { own: true });
    if (found.kind === 'visitor' && found.visitor.session !== undefined) {
      logins.endSession(found.visitor.session);
      log.info('Somebody logged out', { user: found.visitor.name, session: found.visitor.session });
    }
    return { ...answer, headers: { ...answer.headers, 'set-cookie': cookies.clear(request) } };
  }

  #cookie(request: PageRequest, { session, text }: OpenedSession): string {
    return this.#options.cookies.set(request, { text, expiresAt: session.expiresAt, now: this.#options.now() });
  }
}

/** Another page could otherwise log people in as somebody else, or out. Programs say nothing of where they come from. */
function isSentByOwnPage({ headers }: PageRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}

const notOurs: PageAnswer = json(403, { error: 'This host answers no pages of other origins.' });

/** A path of this host, and nothing that a browser could take for another one's. */
export function ownPath(text: string): string {
  return /^\/(?![/\\])[\w\-./?=&%]*$/.test(text) && !text.startsWith('/login') ? text : '/';
}

async function readForm<T>(request: PageRequest, type: string, parse: (text: string) => T): Promise<T | undefined> {
  if ((request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() !== type) return undefined;
  try {
    return parse(new TextDecoder().decode(await readBody(request, maxFormBytes)));
  } catch (error) {
    if (error instanceof TooLarge || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseObject(text: string): ReadonlyMap<string, unknown> | undefined {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
}
