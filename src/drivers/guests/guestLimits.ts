import type { SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';

/** Enough for a compiler with all its children; a fork bomb ends here. */
const mostProcesses = 1024;
/** As agent-compose's. */
const usualMemoryBytes = 4 * 1024 ** 3;
const usualDiskBytes = 10 * 1024 ** 3;

/** What a run may use; processors are missing where the runtime's default is meant. */
export interface GuestLimits {
  readonly cpus?: number | undefined;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly processes: number;
}

export function guestLimits({ resources }: Pick<SandboxSpec, 'resources'>): GuestLimits {
  return {
    cpus: resources?.cpus,
    memoryBytes: resources?.memoryBytes ?? usualMemoryBytes,
    diskBytes: resources?.diskBytes ?? usualDiskBytes,
    processes: resources?.pids ?? mostProcesses,
  };
}
