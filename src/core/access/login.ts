import type { Id } from '../../base/ids.js';
import type { Scope, TokenId } from './accessToken.js';

export type SessionId = Id<'session'>;

/** Somebody who may log in with a password. Of the password only a slow digest is kept. */
export interface Login {
  readonly user: string;
  readonly scope: Scope;
  /** As {@link PasswordDigests} made it. */
  readonly digest: string;
  /** Ms since the epoch. */
  readonly changedAt: number;
}

/**
 * What somebody showed to log in: a password of ours, a token, or that another service knows them. A session is good for as
 * long as that still holds.
 */
export type Shown =
  { readonly by: 'password' } | { readonly by: 'token'; readonly token: TokenId } | { readonly by: 'provider' };

/** A browser that somebody logged in with. The text of its cookie is not kept. Times are ms since the epoch. */
export interface LoginSession {
  readonly id: SessionId;
  readonly user: string;
  readonly scope: Scope;
  /** SHA-256 of its text, in hex: 256 random bits need no slower one. */
  readonly digest: string;
  readonly shown: Shown;
  /** What the credential was when it was shown; another one by now ends the session. */
  readonly mark: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt?: number;
  /** To the minute. */
  readonly usedAt?: number;
}

/** Port: who may log in with a password. */
export interface LoginStore {
  list(): readonly Login[];
  get(user: string): Login | undefined;
  /** Also in place of the one that is there. */
  put(login: Login): void;
  remove(user: string): void;
}

/** Port: sessions. */
export interface LoginSessionStore {
  /** Newest first, ended ones too. */
  list(): readonly LoginSession[];
  byDigest(digest: string): LoginSession | undefined;
  insert(session: LoginSession): void;
  update(session: LoginSession): void;
  /** Forgets those that expired before then. */
  forget(before: number): void;
}

/** What a transaction needs that touches logins. */
export interface LoginStores {
  readonly logins: LoginStore;
  readonly loginSessions: LoginSessionStore;
}

/** Port: digests that take so long that nobody tries many passwords. */
export interface PasswordDigests {
  digest(password: string): Promise<string>;
  /** False for a digest of another form. It takes as long for a wrong password as for the right one. */
  matches(password: string, digest: string): Promise<boolean>;
}
