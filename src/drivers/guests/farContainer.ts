import type { Readable, Writable } from 'node:stream';

/** The container of a run to which this machine's folders mean nothing, as whoever runs it can be asked about it. */
export interface FarContainer {
  /** Where its relay says that it listens. */
  readonly relayMark: string;
  /** False when what runs in it has ended. Errors: when it is gone, or nobody answers. */
  isRunning(): Promise<boolean>;
  /** Until it is worth another look. Errors: the signal's reason. */
  untilNextLook(signal: AbortSignal): Promise<void>;
  /** A file or folder as a tar whose paths begin with its own name; undefined where there is none. Also when it has ended. */
  tar(path: string): Promise<Readable | undefined>;
  /** Starts a program in it while it runs. */
  begin(command: readonly string[]): Promise<FarProgram>;
  /** What a file has beyond so many bytes, and goes on to get. */
  tail(path: string, from: number): Promise<Pick<FarProgram, 'output' | 'end'>>;
}

/** Follows a file from a number of bytes on. */
export function tailCommand(path: string, from: number): readonly string[] {
  return ['tail', '-c', `+${from + 1}`, '-f', path];
}

/** Ends with its output: there is no more of it then, whatever the reason. */
export interface FarProgram {
  readonly output: Readable;
  readonly input: Writable;
  /** Lets go of it. */
  end(): void;
}
