import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { Store } from '../store.js';
import { isTokenValid, scopes, type AccessTokenStores, type Scope } from './accessToken.js';
import type { AccessTokenService, TokenTexts } from './accessTokenService.js';
import type { Login, LoginSession, LoginStores, PasswordDigests, Shown } from './login.js';
import type { GuessKey, LoginThrottle } from './loginThrottle.js';

const shortestPassword = 8;
/** More costs time in the digest and helps nobody. */
const longestPassword = 1024;
/** How exact {@link LoginSession.usedAt} is, in ms: a write for each request would cost more than the request. */
const usedEveryMs = 60_000;
/** Ended sessions are told of for so long. */
const rememberedMs = 30 * 24 * 60 * 60_000;

const freeOfPlace = 5;
/** More, because whoever knows a name could keep its owner out. */
const freeOfUser = 20;

/** Somebody whom the host's environment names, beside those of the database. */
export interface NamedLogin {
  readonly user: string;
  readonly scope: Scope;
  readonly password: string;
}

/** Whom another service may vouch for, and what each may do. */
export type VouchedScope = (user: string) => Scope | undefined;

export interface LoginServiceOptions {
  readonly store: Store<LoginStores & AccessTokenStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly texts: TokenTexts;
  readonly tokens: Pick<AccessTokenService, 'recognise'>;
  readonly passwords: PasswordDigests;
  readonly throttle: LoginThrottle;
  /** A keyed digest that lasts: of passwords that only the environment has. */
  readonly keyed: (text: string) => string;
}

/** What differs from one start of the host to the next. */
export interface LoginSettings {
  readonly named: readonly NamedLogin[];
  /** How long a session is good for, in ms. */
  readonly lifetimeMs: number;
  readonly vouched: VouchedScope;
}

/** A session with the text that its browser keeps, told this once. */
export interface OpenedSession {
  readonly session: LoginSession;
  readonly text: string;
}

interface Candidate {
  readonly user: string;
  readonly scope: Scope;
  readonly mark: string;
  readonly matches: (password: string) => Promise<boolean>;
}

/**
 * Who may log in with a password, and the sessions of browsers. A session ends by itself, by logging out, when somebody revokes
 * it, and when what was shown for it holds no more: another password, a revoked token, a user who was taken from the list.
 */
export class LoginService {
  readonly #options: LoginServiceOptions;
  #settings: LoginSettings = { named: [], lifetimeMs: 24 * 60 * 60_000, vouched: () => undefined };

  constructor(options: LoginServiceOptions) {
    this.#options = options;
  }

  /** What the host was started with; before that only the database's users count. */
  configure(settings: LoginSettings): void {
    this.#settings = settings;
  }

  /** True when somebody could log in with a password. */
  get hasPasswords(): boolean {
    return this.#settings.named.length > 0 || this.list().length > 0;
  }

  /** Those that the database has. */
  list(): readonly Login[] {
    return this.#options.store.read(({ logins }) => logins.list());
  }

  /** Also in place of an earlier one, whose sessions end. Errors: `request.invalid`. */
  async setPassword(wanted: {
    readonly user: string;
    readonly password: string;
    readonly scope: Scope;
  }): Promise<Login> {
    const { user, password, scope } = wanted;
    if (!/^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u.test(user))
      throw invalid('user', 'it has 1 to 64 letters, digits or . _ @ + -');
    if (password.length < shortestPassword || password.length > longestPassword)
      throw invalid('password', `it has ${shortestPassword} to ${longestPassword} characters`);
    const { passwords, store, clock } = this.#options;
    const login: Login = { user, scope, digest: await passwords.digest(password), changedAt: clock.now() };
    store.transact(({ logins }) => logins.put(login));
    return login;
  }

  /** Errors: `login.unknown`. */
  removePassword(user: string): void {
    this.#options.store.transact(({ logins }) => {
      if (!logins.get(user)) throw unknownLogin(user);
      logins.remove(user);
    });
  }

  /**
   * Checks a password; `from` is where the guess comes from. Errors: `login.refused`, which never says what was wrong, and
   * `login.paused` for who has guessed too often.
   */
  async check(given: {
    readonly user: string;
    readonly password: string;
    readonly from: string;
  }): Promise<{ readonly user: string; readonly scope: Scope; readonly mark: string }> {
    const { throttle, passwords } = this.#options;
    const { user, password, from } = given;
    const keys = [place(from), { name: `user ${user.slice(0, 100)}`, free: freeOfUser }];
    this.#refusePaused(keys);
    // Counted before the answer is known: whoever asks a hundred times at once has guessed a hundred times.
    throttle.failed(keys);
    const candidate = this.#candidate(user);
    const isRight =
      password.length <= longestPassword &&
      // Somebody unknown takes as long as somebody known.
      (candidate ? await candidate.matches(password) : await passwords.matches(password, await this.#nobody()));
    if (!candidate || !isRight) throw new AppError('login.refused', 'User or password is wrong.', {});
    throttle.succeeded(keys);
    return { user: candidate.user, scope: candidate.scope, mark: candidate.mark };
  }

  /** What somebody may do now whose password was found right; undefined when it has changed since. */
  scopeOf({ user, mark }: { readonly user: string; readonly mark: string }): Scope | undefined {
    const candidate = this.#candidate(user);
    return candidate?.mark === mark ? candidate.scope : undefined;
  }

  /** A session for who knows a password. Errors: those of {@link check}. */
  async logIn(given: {
    readonly user: string;
    readonly password: string;
    readonly from: string;
  }): Promise<OpenedSession> {
    return this.#open({ ...(await this.check(given)), shown: { by: 'password' } });
  }

  /** A session for who has a token; it may what the token may, for as long as the token is good. Errors: as {@link check}. */
  logInWithToken({ token: text, from }: { readonly token: string; readonly from: string }): OpenedSession {
    const { throttle, tokens } = this.#options;
    const keys = [place(from)];
    this.#refusePaused(keys);
    const token = tokens.recognise(text);
    if (!token) {
      throttle.failed(keys);
      throw new AppError('login.refused', 'This token is not known, has expired or was revoked.', {});
    }
    throttle.succeeded(keys);
    return this.#open({
      user: token.name,
      scope: token.scope,
      mark: token.id,
      shown: { by: 'token', token: token.id },
    });
  }

  /**
   * A session for whom another service vouches, by the first of its names for them that is on the list. Errors: `login.refused` when
   * none is.
   */
  vouchedFor(names: readonly string[]): OpenedSession {
    const user = names.find(name => this.#settings.vouched(name) !== undefined);
    const scope = user === undefined ? undefined : this.#settings.vouched(user);
    if (user === undefined || !scope)
      throw new AppError('login.refused', 'You are logged in there, but not on the list of this host.', {});
    return this.#open({ user, scope, mark: user, shown: { by: 'provider' } });
  }

  /** The valid session with this text; undefined for any other text. */
  recognise(text: string): LoginSession | undefined {
    const { store, clock, texts } = this.#options;
    const session = store.read(({ loginSessions }) => loginSessions.byDigest(texts.digest(text)));
    const now = clock.now();
    const scope = session && this.#scopeNow(session, now);
    if (!session || !scope) return undefined;
    const narrowed = { ...session, scope };
    if (session.usedAt !== undefined && now - session.usedAt < usedEveryMs) return narrowed;
    store.transact(({ loginSessions }) => loginSessions.update({ ...session, usedAt: now }));
    return narrowed;
  }

  /** Those that still let somebody in, newest first. */
  sessions(): readonly LoginSession[] {
    const now = this.#options.clock.now();
    const all = this.#options.store.read(({ loginSessions }) => loginSessions.list());
    return all.filter(session => this.#scopeNow(session, now) !== undefined);
  }

  /** It lets nobody in from now on; once more changes nothing. Errors: `session.unknown`. */
  endSession(id: string): LoginSession {
    const { store, clock } = this.#options;
    return store.transact(({ loginSessions }) => {
      const found = loginSessions.list().find(session => session.id === id);
      if (!found)
        throw new AppError('session.unknown', `There is no session ${JSON.stringify(id.slice(0, 40))}.`, {
          session: id.slice(0, 40),
        });
      if (found.revokedAt !== undefined) return found;
      const ended = { ...found, revokedAt: clock.now() };
      loginSessions.update(ended);
      return ended;
    });
  }

  #refusePaused(keys: readonly GuessKey[]): void {
    const pause = this.#options.throttle.pauseOf(keys);
    if (pause <= 0) return;
    const seconds = Math.ceil(pause / 1000);
    throw new AppError('login.paused', `That was wrong too often. Try again in ${seconds} s.`, { seconds });
  }

  #open(options: {
    readonly user: string;
    readonly scope: Scope;
    readonly mark: string;
    readonly shown: Shown;
  }): OpenedSession {
    const { store, clock, ids, texts } = this.#options;
    const now = clock.now();
    const text = texts.next();
    const session: LoginSession = {
      id: ids.next(),
      ...options,
      digest: texts.digest(text),
      createdAt: now,
      expiresAt: now + this.#settings.lifetimeMs,
    };
    store.transact(({ loginSessions }) => {
      loginSessions.forget(now - rememberedMs);
      loginSessions.insert(session);
    });
    return { session, text };
  }

  /** What a session may do now: as much as when it began, or as its user by now if that is less. Undefined: nothing. */
  #scopeNow(session: LoginSession, now: number): Scope | undefined {
    if (session.revokedAt !== undefined || now >= session.expiresAt) return undefined;
    const scope = this.#credentialScope(session, now);
    return scope && narrower(session.scope, scope);
  }

  #credentialScope({ shown, user, mark }: LoginSession, now: number): Scope | undefined {
    switch (shown.by) {
      case 'password':
        return this.scopeOf({ user, mark });
      case 'token': {
        const tokens = this.#options.store.read(({ accessTokens }) => accessTokens.list());
        const token = tokens.find(({ id }) => id === shown.token);
        return token && isTokenValid(token, now) ? token.scope : undefined;
      }
      case 'provider':
        return this.#settings.vouched(user);
    }
  }

  #candidate(user: string): Candidate | undefined {
    const { store, keyed, passwords } = this.#options;
    const named = this.#settings.named.find(each => each.user === user);
    if (named) {
      const mark = keyed(`${named.user}\n${named.password}`);
      return { user, scope: named.scope, mark, matches: async password => this.#matchesNamed(named, password) };
    }
    const login = store.read(({ logins }) => logins.get(user));
    return login && { ...login, mark: login.digest, matches: password => passwords.matches(password, login.digest) };
  }

  readonly #namedDigests = new Map<string, Promise<string>>();

  async #matchesNamed({ user, password: right }: NamedLogin, password: string): Promise<boolean> {
    const { passwords } = this.#options;
    let digest = this.#namedDigests.get(user);
    if (!digest) this.#namedDigests.set(user, (digest = passwords.digest(right)));
    return await passwords.matches(password, await digest);
  }

  #nobodys: Promise<string> | undefined;

  #nobody(): Promise<string> {
    this.#nobodys ??= this.#options.passwords.digest(this.#options.texts.next());
    return this.#nobodys;
  }
}

function place(from: string): GuessKey {
  return { name: `from ${from}`, free: freeOfPlace };
}

function narrower(a: Scope, b: Scope): Scope {
  return scopes[Math.min(scopes.indexOf(a), scopes.indexOf(b))] ?? 'read';
}

function unknownLogin(user: string): AppError<'login.unknown'> {
  const shown = user.slice(0, 64);
  return new AppError('login.unknown', `Nobody is called ${JSON.stringify(shown)} here.`, { user: shown });
}

function invalid(field: string, reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `The ${field} is not valid: ${reason}.`, { field, reason });
}
