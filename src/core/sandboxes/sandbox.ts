import type { SandboxId, ThreadId } from '../../base/ids.js';
import type { DriverSpec } from '../../compose/projectSpec.js';

/** `creating → ready ⇄ failed → removed`: whether its runtime is there, not whether something runs in it. */
export type SandboxState = 'creating' | 'ready' | 'failed' | 'removed';

/**
 * Where the runs of one agent on one thread execute, when that is not this machine itself. It outlives its runs: its home folder
 * holds the agent's conversation. Times are milliseconds since the epoch.
 */
export interface Sandbox {
  readonly id: SandboxId;
  readonly threadId: ThreadId;
  readonly agent: string;
  readonly driver: DriverSpec;
  readonly image: string;
  readonly state: SandboxState;
  /** Why it failed, in a sentence. */
  readonly problem?: string;
  readonly createdAt: number;
  readonly usedAt: number;
}

/** A run wants it: it is made (again). */
export function wanted(sandbox: Sandbox, use: { readonly image: string; readonly at: number }): Sandbox {
  const { problem: _, ...rest } = sandbox;
  const state = sandbox.state === 'ready' && sandbox.image === use.image ? 'ready' : 'creating';
  return { ...rest, state, image: use.image, usedAt: use.at };
}

/** What became of making it; one that was removed meanwhile stays removed. */
export function made(sandbox: Sandbox, problem?: string): Sandbox {
  if (sandbox.state === 'removed') return sandbox;
  const { problem: _, ...rest } = sandbox;
  return problem === undefined ? { ...rest, state: 'ready' } : { ...rest, state: 'failed', problem };
}

/** It is on one of several engines from now on. */
export function placed(sandbox: Sandbox, driver: DriverSpec): Sandbox {
  return { ...sandbox, driver };
}

/** Engines of which it may be on any; it is on one of them already when its driver says which. */
export function poolOf({ driver }: Pick<Sandbox, 'driver'>, wants: DriverSpec): readonly string[] | undefined {
  if (wants.name !== 'docker' || !wants.hosts) return undefined;
  return driver.name === 'docker' && driver.host !== undefined ? [driver.host] : wants.hosts;
}

/** True if runs of the agent can go on in it: another engine or another kind of sandbox has none of its files. */
export function isFor(sandbox: Sandbox, agent: string, driver: DriverSpec): boolean {
  return sandbox.agent === agent && sandbox.state !== 'removed' && sameDriver(sandbox.driver, driver);
}

function sameDriver(a: DriverSpec, b: DriverSpec): boolean {
  const isPlaced =
    a.name === 'docker' && b.name === 'docker' && a.host !== undefined && b.hosts?.includes(a.host) === true;
  return isPlaced || (a.name === b.name && JSON.stringify(a) === JSON.stringify(b));
}
