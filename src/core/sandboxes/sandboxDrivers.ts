import type { RunId } from '../../base/ids.js';
import type { DriverSpec } from '../../compose/projectSpec.js';
import type { RunDriver, SandboxDriver } from './sandboxDriver.js';

/** The drivers of this host. */
export interface SandboxDrivers {
  /** Errors: `request.invalid` for a driver that this host does not have. */
  of(driver: DriverSpec['name']): SandboxDriver;
  /** What a run was, or is to be, started with; whatever the compose file says by now. */
  ofRun(run: RunId): RunDriver;
}
