// Generated from src/compose/script/schedulerApi.ts: what a scheduler's script finds around it.
// Payloads and answers are whatever JSON they are.
/* oxlint-disable typescript/no-explicit-any */

interface SchedulerEvent {
  readonly id: string;
  readonly topic: string;
  readonly createdAt: number;
  readonly payload: any;
}

interface Schema<T> {
  toJSONSchema(): object;
  parse(value: unknown): T;
}

interface AgentOptions {
  /** Another agent of the project. */
  readonly agent?: string;
  readonly title?: string;
  /** `90s`, `1h30m`: then the run is ended. */
  readonly timeout?: string;
  readonly sandboxPolicy?: 'new' | 'sticky' | 'reuse';
  readonly sandboxId?: string;
  /** The answer is JSON that fits it, and is in `json`. */
  readonly outputSchema?: Schema<unknown> | object;
}

interface AgentAnswer {
  readonly text: string;
  readonly json: any;
  readonly agent: string;
  readonly success: true;
  readonly exitCode: number;
  readonly sandboxId: string;
  readonly threadId: string;
  readonly runId: string;
}

interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
  readonly title?: string;
  readonly agent?: string;
  readonly sandboxPolicy?: 'new' | 'sticky' | 'reuse';
  readonly sandboxId?: string;
}

interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
  readonly exitCode: number;
  readonly success: boolean;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
  readonly sandboxId: string;
  readonly runId: string;
}

interface Sandbox {
  readonly sandboxId: string;
  readonly agent: string;
  readonly title: string;
  readonly status: 'RUNNING' | 'STOPPED';
}

declare const scheduler: {
  /** Registers a trigger: an optional name, milliseconds and a callback, in any order. Returns its name. It fires again and again. */
  interval(...args: readonly (string | number | (() => unknown))[]): string;
  /** Registers a trigger: an optional name, milliseconds and a callback, in any order. Returns its name. It fires once. */
  timeout(...args: readonly (string | number | (() => unknown))[]): string;
  /** The same as `interval`. */
  setInterval(...args: readonly (string | number | (() => unknown))[]): string;
  /** The same as `timeout`. */
  setTimeout(...args: readonly (string | number | (() => unknown))[]): string;
  /** Takes back what this evaluation registered. */
  clearInterval(id: string): void;
  /** Takes back what this evaluation registered. */
  clearTimeout(id: string): void;
  /** Registers a trigger by the calendar: an optional name, a cron expression, a callback and `{timezone}`. Without a zone that of this machine. */
  cron(...args: readonly (string | (() => unknown) | { readonly id?: string; readonly timezone?: string })[]): string;
  /** The same as `cron`. */
  schedule(...args: readonly (string | (() => unknown) | { readonly id?: string; readonly timezone?: string })[]): string;
  /** Registers a trigger for events: a topic (exact, or with a trailing `*`), an optional name and a callback. */
  on(topic: string, ...more: readonly (string | ((event: SchedulerEvent) => unknown))[]): string;
  /** The same as `on`. */
  addEventListener(topic: string, ...more: readonly (string | ((event: SchedulerEvent) => unknown))[]): string;
  /** Gives an agent a task, waits until its work is committed and returns its answer. Throws when the run fails. */
  agent(prompt: string, options?: AgentOptions): AgentAnswer;
  /** Runs a command in the agent’s worktree. An exit code other than 0 does not throw. */
  exec(request: CommandOptions & { readonly command: string; readonly args?: readonly string[] }): CommandResult;
  /** Runs a shell script in the agent’s worktree. An exit code other than 0 does not throw. */
  shell(script: string, options?: CommandOptions): CommandResult;
  /** Writes a line into the record of this run. */
  log(message: string, payload?: unknown): void;
  /** Runs a workflow of the project, by its name or its agent, and returns what it gives back. */
  workflow(name: string, args?: unknown): any;
  readonly event: {
    /** Publishes an event below `runtime.`, `workflow.` or `external.`. */
    publish(topic: string, payload?: object): { readonly eventId: string; readonly sequence: number; readonly topic: string; readonly correlationId: string };
  };
  readonly state: {
    /** What the script remembered under this key, else `undefined`. */
    get(key: string): any;
    /** Remembers JSON for later runs; `undefined` forgets it. */
    set(key: string, value: unknown): void;
    /** Forgets what was remembered under this key. */
    delete(key: string): void;
  };
  readonly sandbox: {
    /** Threads of the project. */
    list(): { readonly sandboxes: readonly Sandbox[] };
    /** Makes a thread with a worktree; give its `sandboxId` to `agent`, `exec` and `shell`. */
    create(request?: { readonly agent?: string; readonly title?: string }): { readonly sandbox: Sandbox };
    /** Throws when nothing can work on the thread any more. Nothing runs between two runs, so there is nothing else to do. */
    resume(request: { readonly sandboxId: string }): { readonly sandbox: Sandbox };
    /** One thread of the project. */
    get(request: { readonly sandboxId: string }): { readonly sandbox: Sandbox };
    /** Ends what works on the thread. */
    stop(request: { readonly sandboxId: string }): { readonly sandbox: Sandbox };
  };
  readonly z: {
    /** A text. */
    string(): Schema<string>;
    /** A number. */
    number(): Schema<number>;
    /** True or false. */
    boolean(): Schema<boolean>;
    /** One of these texts. */
    enum<T extends string>(values: readonly T[]): Schema<T>;
    /** A list. */
    array<T>(item: Schema<T>): Schema<T[]>;
    /** An object that has exactly these properties. */
    object<T extends Record<string, Schema<unknown>>>(shape: T): Schema<{ [K in keyof T]: T[K] extends Schema<infer V> ? V : never }>;
  };
};
