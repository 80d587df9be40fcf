import { randomBytes } from 'node:crypto';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { ProviderSettings } from '../environment/loginSettings.js';
import { isSame } from '../server/isSame.js';
import type { SessionCookies } from '../server/sessionCookie.js';
import type { BegunLogin, LoginClient } from './openIdClient.js';
import { seeOther, type PageAnswer, type PageRequest } from './pageAnswer.js';

/** A person needs no longer to log in there. */
const openForMs = 5 * 60_000;
/** Each costs some hundred bytes, and anybody can begin one: the oldest go first. */
const mostOpen = 1_000;

interface OpenLogin extends BegunLogin {
  readonly next: string;
  /** What the browser that began has in a cookie: no other one can end it. */
  readonly browser: string;
  readonly until: number;
}

/** What came of a login elsewhere. */
export type ProviderAnswer =
  | { readonly kind: 'known'; readonly names: readonly string[]; readonly next: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface ProviderLoginOptions {
  readonly settings: ProviderSettings;
  readonly cookies: SessionCookies;
  readonly now: () => number;
  readonly log: Log;
}

/** Logging in with another service: begun here, answered there, and ended by the browser that began it, once. */
export class ProviderLogin {
  readonly #options: ProviderLoginOptions;
  readonly #open = new Map<string, OpenLogin>();
  #client: Promise<LoginClient> | undefined;

  constructor(options: ProviderLoginOptions) {
    this.#options = options;
  }

  /** What people know it by. */
  get name(): string {
    const { places } = this.#options.settings;
    return new URL(places.kind === 'described' ? places.issuer : places.authorize).host;
  }

  /** Sends the browser there. */
  async begin(request: PageRequest, next: string): Promise<PageAnswer | { readonly reason: string }> {
    const { cookies, now, log } = this.#options;
    try {
      const begun = await (await this.#loaded()).begin();
      const browser = randomBytes(32).toString('base64url');
      this.#open.set(begun.state, { ...begun, next, browser, until: now() + openForMs });
      const [oldest] = this.#open.keys();
      if (this.#open.size > mostOpen && oldest !== undefined) this.#open.delete(oldest);
      return seeOther(begun.url.href, { 'set-cookie': cookies.setBegun(request, browser, openForMs / 1000) });
    } catch (error) {
      log.warn('The login service cannot be reached', { reason: errorMessage(error) });
      return { reason: `${this.name} cannot be reached.` };
    }
  }

  /** The browser is back. What it brings is worth something once, in the browser that began, and not for long. */
  async finish(request: PageRequest, url: URL): Promise<ProviderAnswer> {
    const { cookies, now, log } = this.#options;
    const state = url.searchParams.get('state') ?? '';
    const open = this.#open.get(state);
    const browser = cookies.readBegun(request);
    if (!open || browser === undefined || !isSame(browser, open.browser) || open.until <= now())
      return { kind: 'refused', reason: 'This login is over or was begun elsewhere. Try again.' };
    this.#open.delete(state);
    try {
      const names = await (await this.#loaded()).finish(url.search, open);
      return { kind: 'known', names, next: open.next };
    } catch (error) {
      log.warn('A login elsewhere came to nothing', { reason: errorMessage(error) });
      return { kind: 'refused', reason: `${this.name} did not let you in.` };
    }
  }

  #loaded(): Promise<LoginClient> {
    this.#client ??= import('./openIdClient.js').then(({ openIdClient }) => openIdClient(this.#options.settings));
    return this.#client;
  }
}
