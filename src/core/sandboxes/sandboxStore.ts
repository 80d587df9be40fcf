import type { RunId, SandboxId, ThreadId } from '../../base/ids.js';
import type { Sandbox } from './sandbox.js';

/** Port: the sandboxes that are not this machine itself, and which run is in which. */
export interface SandboxStore {
  get(id: SandboxId): Sandbox | undefined;
  /** Missing: the run executes on this machine. */
  ofRun(run: RunId): Sandbox | undefined;
  ofThread(thread: ThreadId): readonly Sandbox[];
  /** Those that are not removed, the latest used first. */
  list(): readonly Sandbox[];
  save(sandbox: Sandbox): void;
  /** Says where a run executes, once. */
  bind(run: RunId, sandbox: SandboxId): void;
}

/** What a transaction needs that touches sandboxes. */
export interface SandboxStores {
  readonly sandboxes: SandboxStore;
}
