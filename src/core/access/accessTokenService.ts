import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { Store } from '../store.js';
import { isTokenValid, type AccessToken, type AccessTokenStores, type Scope } from './accessToken.js';

/** One word in a list. */
const longestName = 64;
/** How exact {@link AccessToken.usedAt} is, in ms: a write for each call would cost more than the call. */
const usedEveryMs = 60_000;

/** Port: random texts that nobody guesses, and what is kept of them. */
export interface TokenTexts {
  /** A new text, at least 256 random bits. */
  next(): string;
  digest(text: string): string;
}

/** Makes, lists and revokes the tokens that let programs in over the network, and knows them again. */
export class AccessTokenService {
  readonly #store: Store<AccessTokenStores>;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #texts: TokenTexts;
  /**
   * Those that were good when they were last shown, by digest: a thousand watchers ask with each message whether theirs still is.
   * This service alone writes tokens, and forgets them here when it revokes one; that one has expired is seen by its time.
   */
  readonly #shown = new Map<string, AccessToken>();

  constructor(options: {
    readonly store: Store<AccessTokenStores>;
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly texts: TokenTexts;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#texts = options.texts;
  }

  /** The text is not kept: whoever asked is the only one to see it. `expiresAt` is ms since the epoch. Errors: `request.invalid`. */
  create(wanted: { readonly name: string; readonly scope: Scope; readonly expiresAt?: number }): {
    readonly token: AccessToken;
    readonly text: string;
  } {
    const { name, scope, expiresAt } = wanted;
    const now = this.#clock.now();
    if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]*$/u.test(name) || name.length > longestName)
      throw invalid('name', `it has 1 to ${longestName} letters, digits, spaces or . _ @ -`);
    if (expiresAt !== undefined && expiresAt <= now) throw invalid('expires_at', 'it is in the past');
    const text = this.#texts.next();
    const token: AccessToken = {
      id: this.#ids.next(),
      name,
      scope,
      digest: this.#texts.digest(text),
      createdAt: now,
      ...defined({ expiresAt }),
    };
    this.#store.transact(({ accessTokens }) => {
      const taken = accessTokens.list().find(each => each.name === name && isTokenValid(each, now));
      if (taken) throw invalid('name', `there is a token ${JSON.stringify(name)}; revoke it or choose another name`);
      accessTokens.insert(token);
    });
    return { token, text };
  }

  /** Newest first. */
  list(): readonly AccessToken[] {
    return this.#store.read(({ accessTokens }) => accessTokens.list());
  }

  /** It lets nobody in from now on; once more changes nothing. Errors: `token.unknown`. */
  revoke(nameOrId: string): AccessToken {
    const ended = this.#store.transact(({ accessTokens }) => {
      const all = accessTokens.list();
      const now = this.#clock.now();
      const named = all.filter(({ name }) => name === nameOrId);
      const found = all.find(({ id }) => id === nameOrId) ?? named.find(token => isTokenValid(token, now)) ?? named[0];
      if (!found) {
        const shown = nameOrId.slice(0, longestName);
        throw new AppError(
          'token.unknown',
          `There is no token ${JSON.stringify(shown)}. \`muster token ls\` lists them.`,
          {
            token: shown,
          },
        );
      }
      if (found.revokedAt !== undefined) return found;
      const revoked = { ...found, revokedAt: now };
      accessTokens.update(revoked);
      return revoked;
    });
    this.#shown.clear();
    return ended;
  }

  /** The valid token with this text; undefined for any other text. */
  recognise(text: string): AccessToken | undefined {
    const now = this.#clock.now();
    const digest = this.#texts.digest(text);
    const token = this.#shown.get(digest) ?? this.#store.read(({ accessTokens }) => accessTokens.byDigest(digest));
    if (!token || !isTokenValid(token, now)) {
      this.#shown.delete(digest);
      return undefined;
    }
    const isFresh = token.usedAt !== undefined && now - token.usedAt < usedEveryMs;
    const used = isFresh ? token : { ...token, usedAt: now };
    if (!isFresh) this.#store.transact(({ accessTokens }) => accessTokens.update(used));
    this.#shown.set(digest, used);
    return used;
  }
}

function invalid(field: string, reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `The token’s ${field} is not valid: ${reason}.`, { field, reason });
}
