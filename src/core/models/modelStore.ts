import type { ProjectId, RunId, ThreadId } from '../../base/ids.js';
import type { ModelAccess } from './modelAccess.js';
import type { ModelCall, ModelCallEnd, Spent } from './modelCall.js';

/** Port: which runs reach models through the host. */
export interface ModelAccessStore {
  save(access: ModelAccess): void;
  of(run: RunId): ModelAccess | undefined;
  /** By the digest of its token. */
  withToken(hash: string): ModelAccess | undefined;
  /** The token opens nothing any more. */
  revoke(run: RunId): void;
  /** How many tokens are valid. */
  open(): number;
  /** Whose calls go through a facade elsewhere, with a token that has not expired. */
  far(now: number): readonly ModelAccess[];
  /** By the name of each process of a facade elsewhere: the number of its last call that was taken over. */
  taken(facade: string): ReadonlyMap<string, number>;
  saveTaken(facade: string, process: string, taken: { readonly last: number; readonly at: number }): void;
  /** Where runs that are at work look for the host; `undefined` before the first of them. */
  port(): number | undefined;
  savePort(port: number): void;
}

/** Port: the calls of models that went through the host. */
export interface ModelCallStore {
  /** Returns the number of the call. */
  begin(call: ModelCall, requestBytes: number): number;
  end(id: number, end: ModelCallEnd): void;
  /** Of calls that match all of the filter. */
  spent(filter: SpendFilter): Spent;
  /** Calls that have not ended. */
  open(): readonly OpenCall[];
  /** The newest calls, newest first. */
  latest(filter: SpendFilter & { readonly limit: number }): readonly (ModelCall & Partial<ModelCallEnd>)[];
}

export interface OpenCall {
  readonly id: number;
  readonly call: ModelCall;
  readonly requestBytes: number;
}

export interface SpendFilter {
  readonly run?: RunId | undefined;
  readonly thread?: ThreadId | undefined;
  readonly project?: ProjectId | undefined;
  readonly agent?: string | undefined;
  /** Calls that began then or later. */
  readonly since?: number | undefined;
}

/** What a transaction needs that touches calls of models. */
export interface ModelStores {
  readonly modelAccess: ModelAccessStore;
  readonly modelCalls: ModelCallStore;
}
