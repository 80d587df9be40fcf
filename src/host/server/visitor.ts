import { createContextKey } from '@connectrpc/connect';
import type { Scope } from '../../core/access/accessToken.js';

/** Who sends a request over the network, as far as they have shown. `name` is for the log, and no secret. */
export interface Visitor {
  readonly name: string;
  readonly scope: Scope;
  /** The session of a browser; a token or a password otherwise. */
  readonly session?: string;
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

const recognitions = new WeakMap<object, Recognition>();

/** For what answers the request later; one that nobody looked at is nobody's. */
export function noteRecognition(request: object, recognition: Recognition): void {
  recognitions.set(request, recognition);
}

/** What was found of this request. */
export function recognitionOf(request: object): Recognition {
  return recognitions.get(request) ?? { kind: 'nobody' };
}

/** The same for a call. */
export const recognitionKey = createContextKey<Recognition>({ kind: 'nobody' }, { description: 'who sends it' });
