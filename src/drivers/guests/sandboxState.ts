import { existsSync } from 'node:fs';
import type { SandboxInspection, SandboxRef, SandboxStats } from '../../core/sandboxes/sandboxDriver.js';
import { removeWhole } from '../../node/removeTree.js';
import { sandboxFolder } from './guestFolders.js';

/** What is to be said of a sandbox in which these run. */
export function inspectionOf(
  stateDir: string,
  { id }: Pick<SandboxRef, 'id'>,
  runtimeIds: readonly string[],
): SandboxInspection {
  if (runtimeIds.length > 0) return { state: 'running', runtimeIds };
  return { state: existsSync(sandboxFolder(stateDir, id)) ? 'ready' : 'missing', runtimeIds };
}

/** What all that runs in a sandbox uses together; undefined when nobody counted. */
export function togetherUsed(all: readonly (SandboxStats | undefined)[]): SandboxStats | undefined {
  const known = all.filter(usage => usage !== undefined);
  if (known.length === 0) return undefined;
  const sum = (of: (usage: SandboxStats) => number): number => known.reduce((total, each) => total + of(each), 0);
  return {
    cpus: sum(({ cpus }) => cpus),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
    memoryLimitBytes: sum(({ memoryLimitBytes = 0 }) => memoryLimitBytes),
    processes: sum(({ processes }) => processes),
  };
}

/** Deletes what belongs to a sandbox alone, also what its agents made read-only. */
export async function removeSandboxFolder(stateDir: string, { id }: Pick<SandboxRef, 'id'>): Promise<void> {
  await removeWhole(sandboxFolder(stateDir, id));
}
