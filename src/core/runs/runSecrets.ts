import type { RunId } from '../../base/ids.js';

/**
 * Port: keeps what a run was given in secret out of all that is stored and shown of it. What is remembered are digests with a key
 * of this machine; they outlive the host, and nothing needs the values again.
 */
export interface RunSecrets {
  /** Remembers the secrets of a run, before it is launched. */
  keep(run: RunId, values: readonly string[]): void;
  /** The text with the run's secrets hidden: for what was put together from several lines, each of which hid nothing. */
  hide(run: RunId, text: string): string;
  /** Hides them in the files that the run wrote, for good. Its writer has ended. Never rejects. */
  blot(run: RunId): Promise<void>;
}
