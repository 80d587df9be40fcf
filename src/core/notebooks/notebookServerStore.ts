import type { ThreadId } from '../../base/ids.js';
import type { NotebookServer } from './notebookServer.js';

/** Port: the last guest server of each thread that had one. */
export interface NotebookServerStore {
  ofThread(thread: ThreadId): NotebookServer | undefined;
  /** Replaces the thread's earlier one. */
  save(server: NotebookServer): void;
  /** Those that may be alive. */
  alive(): readonly NotebookServer[];
}

/** What a transaction needs that touches guest servers. */
export interface NotebookServerStores {
  readonly notebookServers: NotebookServerStore;
}
