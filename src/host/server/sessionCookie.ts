import { createHmac } from 'node:crypto';
import { isSame } from './isSame.js';
import type { Handler } from './nodeHandler.js';

type Request = Parameters<Handler>[0];

/** How the listener is reached, as far as cookies go. */
export interface CookieOptions {
  /** The listener speaks TLS itself. */
  readonly tls: boolean;
  /** Something in front of it speaks TLS and says so. */
  readonly behindProxy: boolean;
  readonly port: () => number;
  /** Keys the signature. */
  readonly key: Buffer;
}

/**
 * The cookie of a session: its random text, until when it is good, and a signature over both, so that what is made up is refused
 * before anything is looked up. Behind TLS its name says that no other host of the domain can have set it; without, it
 * names the port, because browsers share the cookies of all ports of a machine.
 */
export class SessionCookies {
  readonly #options: CookieOptions;

  constructor(options: CookieOptions) {
    this.#options = options;
  }

  /** The value of `Set-Cookie`. Never read by scripts, never sent with what another page asks for. */
  set(
    request: Request,
    { text, expiresAt, now }: { readonly text: string; readonly expiresAt: number; readonly now: number },
  ): string {
    const seconds = Math.max(0, Math.floor((expiresAt - now) / 1000));
    const value = `${text}.${expiresAt.toString(36)}`;
    return this.#cookie(request, `${value}.${this.#sign(value)}`, seconds);
  }

  /** Takes it from the browser. */
  clear(request: Request): string {
    return this.#cookie(request, '', 0);
  }

  /** The session's text. Undefined: there is no cookie; empty: one that was not made here, or is over. */
  read(request: Request, now: number): string | undefined {
    const name = this.#name(request);
    const pairs = (request.headers.cookie ?? '').split(';').map(pair => pair.trim());
    const found = pairs.filter(pair => pair.startsWith(`${name}=`));
    const [only] = found;
    if (only === undefined) return undefined;
    // Two of a name: one of them was planted.
    if (found.length > 1) return '';
    const [text = '', expires = '', signature = ''] = only.slice(name.length + 1).split('.');
    const isOurs = isSame(signature, this.#sign(`${text}.${expires}`));
    return isOurs && Number.parseInt(expires, 36) > now ? text : '';
  }

  /** Of a login that goes on elsewhere: it must come along when another page sends the browser back. */
  setBegun(request: Request, text: string, seconds: number): string {
    const secure = this.isSecure(request) ? '; Secure' : '';
    return `${this.#name(request)}-login=${text}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`;
  }

  readBegun(request: Request): string | undefined {
    const name = `${this.#name(request)}-login=`;
    const pairs = (request.headers.cookie ?? '').split(';').map(pair => pair.trim());
    return pairs.find(pair => pair.startsWith(name))?.slice(name.length);
  }

  /** True when what the browser sees is TLS. */
  isSecure(request: Request): boolean {
    const { tls, behindProxy } = this.#options;
    return tls || (behindProxy && request.headers['x-forwarded-proto'] === 'https');
  }

  #cookie(request: Request, value: string, seconds: number): string {
    const secure = this.isSecure(request) ? '; Secure' : '';
    return `${this.#name(request)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
  }

  #name(request: Request): string {
    return this.isSecure(request) ? '__Host-muster' : `muster-${this.#options.port()}`;
  }

  #sign(value: string): string {
    return createHmac('sha256', this.#options.key).update(value).digest('base64url');
  }
}
