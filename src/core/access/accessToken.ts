import type { Id } from '../../base/ids.js';

export type TokenId = Id<'token'>;

/**
 * What the bearer of a token may do:
 * - `read`: look at everything;
 * - `operate`: also give tasks, answer, review, merge, and everything else that concerns threads;
 * - `admin`: also apply compose files (they name commands that run here), make tokens, end the host.
 */
export type Scope = 'read' | 'operate' | 'admin';

export const scopes: readonly Scope[] = ['read', 'operate', 'admin'];

/** True when a bearer of `held` may do what needs `needed`. */
export function includesScope(held: Scope, needed: Scope): boolean {
  return scopes.indexOf(held) >= scopes.indexOf(needed);
}

/** A token that lets a program in over the network. Its text is told once, when it is made; what is kept tells nobody. Times are ms since the epoch. */
export interface AccessToken {
  readonly id: TokenId;
  /** What people call it; one of a name at a time. */
  readonly name: string;
  readonly scope: Scope;
  /** SHA-256 of its text, in hex: 256 random bits need no slower one. */
  readonly digest: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** To the minute. */
  readonly usedAt?: number;
}

/** True while it lets anybody in. */
export function isTokenValid({ expiresAt, revokedAt }: AccessToken, now: number): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt);
}

/** Port: tokens. */
export interface AccessTokenStore {
  /** Newest first, revoked ones too. */
  list(): readonly AccessToken[];
  byDigest(digest: string): AccessToken | undefined;
  insert(token: AccessToken): void;
  update(token: AccessToken): void;
}

/** What a transaction needs that touches tokens. */
export interface AccessTokenStores {
  readonly accessTokens: AccessTokenStore;
}
