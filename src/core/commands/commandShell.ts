import type { MergeId, ThreadId } from '../../base/ids.js';

/**
 * Port: runs a shell command to its end. Aborting, or its limit, ends it with everything it started and throws the reason.
 */
export interface CommandShell {
  /** Ends what commands with this mark left running: those of a host that was killed know nobody who would. */
  endLeftovers(mark: MergeId | ThreadId): Promise<void>;
  run(
    command: {
      readonly command: string;
      /** Whose command it is. */
      readonly mark: MergeId | ThreadId;
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
