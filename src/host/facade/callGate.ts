import type { ModelCallEnd } from '../../core/models/modelCall.js';
import type { Admission, BegunCall, ModelGate, ModelRequest } from '../../core/models/modelGate.js';
import { tokenHash } from './facadeToken.js';

/** A call with the token that came with it. */
export type TokenRequest = Omit<ModelRequest, 'tokenHash'> & { readonly token: string };

/** Who may call which model: the host by what it has stored, a facade elsewhere by what the host has signed. */
export interface CallGate {
  /** True for a token that opens something now. */
  knows(token: string): boolean;
  /** Lets a call through and writes down that it began, or says why not. */
  enter(request: TokenRequest): Admission;
  /** Writes down what a call came to. */
  end(call: BegunCall, end: Omit<ModelCallEnd, 'costUsd'>): void;
}

/** Tokens whose digests are stored. */
export function storedTokens(gate: ModelGate): CallGate {
  return {
    knows: token => gate.knows(tokenHash(token)),
    enter: ({ token, ...request }) => gate.enter({ ...request, tokenHash: tokenHash(token) }),
    end: (call, end) => gate.end(call, end),
  };
}
