/** One call that a scheduler's script may make. The types in `media`, completion and hover come from this table. */
export interface ScriptMember {
  /** Below `scheduler`: `agent`, `state.get`. */
  readonly path: string;
  /** From the parenthesis on, as TypeScript. */
  readonly signature: string;
  /** Markdown, one or two sentences. */
  readonly doc: string;
}

const timer = '(...args: readonly (string | number | (() => unknown))[]): string';
const registers = 'Registers a trigger: an optional name, milliseconds and a callback, in any order. Returns its name.';

export const scriptMembers: readonly ScriptMember[] = [
  { path: 'interval', signature: timer, doc: `${registers} It fires again and again.` },
  { path: 'timeout', signature: timer, doc: `${registers} It fires once.` },
  { path: 'setInterval', signature: timer, doc: 'The same as `interval`.' },
  { path: 'setTimeout', signature: timer, doc: 'The same as `timeout`.' },
  { path: 'clearInterval', signature: '(id: string): void', doc: 'Takes back what this evaluation registered.' },
  { path: 'clearTimeout', signature: '(id: string): void', doc: 'Takes back what this evaluation registered.' },
  {
    path: 'cron',
    signature:
      '(...args: readonly (string | (() => unknown) | { readonly id?: string; readonly timezone?: string })[]): string',
    doc: 'Registers a trigger by the calendar: an optional name, a cron expression, a callback and `{timezone}`. Without a zone that of this machine.',
  },
  {
    path: 'schedule',
    signature:
      '(...args: readonly (string | (() => unknown) | { readonly id?: string; readonly timezone?: string })[]): string',
    doc: 'The same as `cron`.',
  },
  {
    path: 'on',
    signature: '(topic: string, ...more: readonly (string | ((event: SchedulerEvent) => unknown))[]): string',
    doc: 'Registers a trigger for events: a topic (exact, or with a trailing `*`), an optional name and a callback.',
  },
  {
    path: 'addEventListener',
    signature: '(topic: string, ...more: readonly (string | ((event: SchedulerEvent) => unknown))[]): string',
    doc: 'The same as `on`.',
  },
  {
    path: 'agent',
    signature: '(prompt: string, options?: AgentOptions): AgentAnswer',
    doc: 'Gives an agent a task, waits until its work is committed and returns its answer. Throws when the run fails.',
  },
  {
    path: 'exec',
    signature:
      '(request: CommandOptions & { readonly command: string; readonly args?: readonly string[] }): CommandResult',
    doc: 'Runs a command in the agent’s worktree. An exit code other than 0 does not throw.',
  },
  {
    path: 'shell',
    signature: '(script: string, options?: CommandOptions): CommandResult',
    doc: 'Runs a shell script in the agent’s worktree. An exit code other than 0 does not throw.',
  },
  {
    path: 'log',
    signature: '(message: string, payload?: unknown): void',
    doc: 'Writes a line into the record of this run.',
  },
  {
    path: 'workflow',
    signature: '(name: string, args?: unknown): any',
    doc: 'Runs a workflow of the project, by its name or its agent, and returns what it gives back.',
  },
  {
    path: 'event.publish',
    signature:
      '(topic: string, payload?: object): { readonly eventId: string; readonly sequence: number; readonly topic: string; readonly correlationId: string }',
    doc: 'Publishes an event below `runtime.`, `workflow.` or `external.`.',
  },
  {
    path: 'state.get',
    signature: '(key: string): any',
    doc: 'What the script remembered under this key, else `undefined`.',
  },
  {
    path: 'state.set',
    signature: '(key: string, value: unknown): void',
    doc: 'Remembers JSON for later runs; `undefined` forgets it.',
  },
  { path: 'state.delete', signature: '(key: string): void', doc: 'Forgets what was remembered under this key.' },
  { path: 'sandbox.list', signature: '(): { readonly sandboxes: readonly Sandbox[] }', doc: 'Threads of the project.' },
  {
    path: 'sandbox.create',
    signature: '(request?: { readonly agent?: string; readonly title?: string }): { readonly sandbox: Sandbox }',
    doc: 'Makes a thread with a worktree; give its `sandboxId` to `agent`, `exec` and `shell`.',
  },
  {
    path: 'sandbox.resume',
    signature: '(request: { readonly sandboxId: string }): { readonly sandbox: Sandbox }',
    doc: 'Throws when nothing can work on the thread any more. Nothing runs between two runs, so there is nothing else to do.',
  },
  {
    path: 'sandbox.get',
    signature: '(request: { readonly sandboxId: string }): { readonly sandbox: Sandbox }',
    doc: 'One thread of the project.',
  },
  {
    path: 'sandbox.stop',
    signature: '(request: { readonly sandboxId: string }): { readonly sandbox: Sandbox }',
    doc: 'Ends what works on the thread.',
  },
  { path: 'z.string', signature: '(): Schema<string>', doc: 'A text.' },
  { path: 'z.number', signature: '(): Schema<number>', doc: 'A number.' },
  { path: 'z.boolean', signature: '(): Schema<boolean>', doc: 'True or false.' },
  { path: 'z.enum', signature: '<T extends string>(values: readonly T[]): Schema<T>', doc: 'One of these texts.' },
  { path: 'z.array', signature: '<T>(item: Schema<T>): Schema<T[]>', doc: 'A list.' },
  {
    path: 'z.object',
    signature:
      '<T extends Record<string, Schema<unknown>>>(shape: T): Schema<{ [K in keyof T]: T[K] extends Schema<infer V> ? V : never }>',
    doc: 'An object that has exactly these properties.',
  },
];

/** The types that the signatures name. */
export const scriptTypes = `interface SchedulerEvent {
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
  /** \`90s\`, \`1h30m\`: then the run is ended. */
  readonly timeout?: string;
  readonly sandboxPolicy?: 'new' | 'sticky' | 'reuse';
  readonly sandboxId?: string;
  /** The answer is JSON that fits it, and is in \`json\`. */
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
`;

/** The table as a declaration file. */
export function schedulerDeclarations(): string {
  const groups = Map.groupBy(scriptMembers, ({ path }) => (path.includes('.') ? path.slice(0, path.indexOf('.')) : ''));
  const lines = [...groups].flatMap(([group, members]) => {
    const inner = members.flatMap(({ path, signature, doc }) => [
      `/** ${doc} */`,
      `${path.slice(path.indexOf('.') + 1)}${signature};`,
    ]);
    return group === ''
      ? inner.map(line => `  ${line}`)
      : [`  readonly ${group}: {`, ...inner.map(line => `    ${line}`), '  };'];
  });
  return `// Generated from src/compose/script/schedulerApi.ts: what a scheduler's script finds around it.\n// Payloads and answers are whatever JSON they are.\n/* oxlint-disable typescript/no-explicit-any */\n\n${scriptTypes}\ndeclare const scheduler: {\n${lines.join('\n')}\n};\n`;
}
