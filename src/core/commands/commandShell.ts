/**
 * Port: runs a shell command to its end. Aborting, or its limit, ends it with everything it started and throws the reason.
 */
export interface CommandShell {
  run(
    command: {
      readonly command: string;
      readonly cwd: string;
      readonly variables: Readonly<Record<string, string>>;
      /** How long it may take, in ms; missing: as long as it needs. */
      readonly limitMs?: number;
    },
    signal?: AbortSignal,
  ): Promise<CommandEnd>;
}

/** How a command ended. */
export interface CommandEnd {
  /** Missing when a signal ended it, or when it could not be started. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** Standard output and error as they came; the end, when it is longer than what is kept. */
  readonly output: string;
  readonly truncated: boolean;
}
