/** What starts runs without a person, as the normal form has it. Types only; they are used through `projectSpec.ts`. */

/** What a workflow says of itself: its first statement, `export const meta = {…}`. */
export interface WorkflowMeta {
  readonly name: string;
  readonly description: string;
  /** Output tokens that its agents may use together. */
  readonly budget?: number | undefined;
}

/** `new`: a thread for each run of a schedule; `sticky`: its runs go on in one. */
export type SandboxPolicy = 'new' | 'sticky';

/** What becomes of a moment that comes while a run of the schedule is at work. */
export type Overlap =
  /** It is left out. */
  | 'skip'
  /** It waits until that run has ended. */
  | 'queue'
  /** It starts beside it. */
  | 'parallel'
  /** That run is ended. */
  | 'replace';

/** What becomes of moments that passed while nobody could fire. `run_once`: one run for all; `skip`: none; `run_all`: each its own. */
export type Misfire = 'run_once' | 'skip' | 'run_all';

/** A value of an event's payload that an event trigger asks for. */
export interface PayloadCondition {
  /** Dotted path into the payload, `pull_request.base.ref`. */
  readonly path: string;
  /** Any of these; a trailing `*` stands for any end. */
  readonly values: readonly string[];
}

export type TriggerSpec = TriggerCommon &
  (
    | { readonly kind: 'cron'; readonly cron: string; readonly timezone?: string | undefined }
    | { readonly kind: 'interval'; readonly intervalMs: number }
    | { readonly kind: 'timeout'; readonly timeoutMs: number }
    | { readonly kind: 'event'; readonly topic: string; readonly where?: readonly PayloadCondition[] | undefined }
  );

export interface TriggerCommon {
  readonly name?: string | undefined;
  readonly prompt?: string | undefined;
  readonly sandboxPolicy?: SandboxPolicy | undefined;
  readonly overlap?: Overlap | undefined;
  readonly misfire?: Misfire | undefined;
  /** Each moment is late by up to so much, always by the same. */
  readonly jitterMs?: number | undefined;
  /** After so many runs it is spent. */
  readonly maxRuns?: number | undefined;
  /** A day (to its end) or a time, ISO 8601; without an offset by the clock of the machine. */
  readonly until?: string | undefined;
}
