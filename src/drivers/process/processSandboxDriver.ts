import type { RunId } from '../../base/ids.js';
import type { Guest, RunDriver, SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';

const loopback = '127.0.0.1';

/**
 * The sandbox that is none: this machine, as this user. It is always ready, keeps nothing running between two runs, and what
 * belongs to it alone is nothing.
 */
export function createProcessSandboxDriver(options: {
  readonly runs: RunDriver;
  readonly runDir: (run: RunId) => string;
}): SandboxDriver {
  const guest: Guest = {
    isolated: false,
    hasMail: true,
    hasPipes: process.platform !== 'win32',
    asRoot: process.getuid?.() === 0,
    runDir: options.runDir,
    place: path => path,
    reach: port => ({ host: loopback, port }),
  };
  return {
    borrowedObjects: () => '',
    ensure: async () => guest,
    runsIn: () => options.runs,
    stop: async () => undefined,
    resume: async () => undefined,
    remove: async () => undefined,
    inspect: async () => ({ state: 'ready', runtimeIds: [] }),
    enter: async () => ({ command: [], terminal: [] }),
    stats: async () => undefined,
    forward: async (_, { port }) => ({ host: loopback, port, dispose: () => undefined }),
  };
}
