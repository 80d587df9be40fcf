/** A trigger that a script registers while it is evaluated. */
export type RegisteredTrigger =
  | { readonly id: string; readonly kind: 'cron'; readonly cron: string; readonly timezone?: string | undefined }
  | { readonly id: string; readonly kind: 'interval' | 'timeout'; readonly ms: number }
  | { readonly id: string; readonly kind: 'event'; readonly topic: string };

/** Why a script did not come to its end. Lines and columns are those of its text, from 1. */
export interface ScriptFault {
  /**
   * `error`: it threw, or is no JavaScript. `deadline`: it computed for too long, or did not end in time. `memory`: it took more
   * than it may. `cancelled`: it was told to end. `crashed`: its engine did.
   */
  readonly kind: 'error' | 'deadline' | 'memory' | 'cancelled' | 'crashed';
  readonly message: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export type ScriptReading =
  | { readonly ok: true; readonly triggers: readonly RegisteredTrigger[]; readonly hasMain: boolean }
  | { readonly ok: false; readonly fault: ScriptFault };

export type ScriptEnd =
  | {
      readonly ok: true;
      /** JSON of what the callback returned; missing for nothing. */
      readonly result?: string | undefined;
    }
  | { readonly ok: false; readonly fault: ScriptFault };

export interface ScriptText {
  readonly source: string;
  /** Its first statement is `export const meta = {…}`: the rest is one `async` function, whose calls go on side by side. */
  readonly isWorkflow: boolean;
}

export interface ScriptRequest extends ScriptText {
  /** The callback of this trigger; missing: `main`, else the only one. */
  readonly trigger?: string | undefined;
  /** JSON of the callback's argument; missing: none. */
  readonly argument?: string | undefined;
  readonly limitMs: number;
  /** Does what the script asks for; the script stands still meanwhile. What it rejects with is thrown in the script. */
  readonly call: (name: string, args: readonly unknown[]) => Promise<unknown>;
}

/** Port: evaluates scripts away from the host's own thread, each evaluation in a world of its own. */
export interface ScriptEngine {
  /** Evaluates with everything that has an effect switched off, to see what it registers. */
  read(script: ScriptText, signal: AbortSignal): Promise<ScriptReading>;
  run(request: ScriptRequest, signal: AbortSignal): Promise<ScriptEnd>;
}
