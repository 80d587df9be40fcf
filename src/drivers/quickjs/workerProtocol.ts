import type { MessagePort } from 'node:worker_threads';
import type { ScriptFault } from '../../core/scripts/scriptEngine.js';

/** What a worker is started with. */
export interface WorkerTask {
  readonly source: string;
  /** Its calls go on side by side; see `workflowPrelude.ts`. */
  readonly isWorkflow: boolean;
  /** Only to see what it registers. */
  readonly isReading: boolean;
  readonly trigger?: string | undefined;
  readonly argument?: string | undefined;
  /** How long the script may compute without asking for anything. */
  readonly computeMs: number;
  readonly port: MessagePort;
  /** 1 once the answer to a call lies in the port. */
  readonly answered: SharedArrayBuffer;
}

/**
 * From the worker. It stands still after a `call` until its answer is there. Two names are the engine's own: `begin` answers with a
 * number as soon as the call that it names is begun, `next` with `[number, answer]` of the first one that has ended.
 */
export type WorkerMessage =
  | { readonly kind: 'call'; readonly name: string; readonly args: string }
  | { readonly kind: 'read'; readonly triggers: string; readonly hasMain: boolean }
  | { readonly kind: 'ended'; readonly result?: string | undefined }
  | { readonly kind: 'fault'; readonly fault: ScriptFault };

/** A heap for a schedule, not for a data set. */
export const heapBytes = 64 * 1024 * 1024;
/** Well below the stack that the engine's own memory has. */
export const stackBytes = 512 * 1024;
/** A result is stored and shown. */
export const longestResult = 1024 * 1024;
