import type { ContextKey } from '@connectrpc/connect';
import type { Scope } from '../../core/access/accessToken.js';

/** Who sends a request over the network, as far as they have shown. `name` is for the log, and no secret. */
export interface Visitor {
  readonly name: string;
  readonly scope: Scope;
  /** The session of a browser; a token or a password otherwise. */
  readonly session?: string;
  /** What they may do by now; undefined: nothing any more. For what goes on for long. */
  readonly scopeNow: () => Scope | undefined;
}

/** What a request was found to be before anything answered it. */
export type Recognition =
  | { readonly kind: 'visitor'; readonly visitor: Visitor }
  /** It shows nothing. */
  | { readonly kind: 'nobody' }
  /** What it shows is not good, or no more. */
  | { readonly kind: 'unknown' }
  /** A page of another origin made the browser send it. */
  | { readonly kind: 'foreign' }
  /** It guessed too often. */
  | { readonly kind: 'paused'; readonly seconds: number };

/** Of this whole process: bundles that are loaded when needed have modules of their own, and meet the same requests. */
const noted = Symbol.for('muster.recognition');

/** For what answers the request later; one that nobody looked at is nobody's. */
export function noteRecognition(request: object, recognition: Recognition): void {
  Reflect.set(request, noted, recognition);
}

/** What was found of this request. */
export function recognitionOf(request: object): Recognition {
  const found: unknown = Reflect.get(request, noted);
  return isRecognition(found) ? found : { kind: 'nobody' };
}

/** The symbol is no stranger's to set: a request has headers and a body, and no symbols from the network. */
function isRecognition(value: unknown): value is Recognition {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

/** The same for a call. */
export const recognitionKey: ContextKey<Recognition> = { id: noted, defaultValue: { kind: 'nobody' } };
