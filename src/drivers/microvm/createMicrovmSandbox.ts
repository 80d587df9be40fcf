import { closeSync, openSync } from 'node:fs';
import { AppError, errorMessage } from '../../base/errors.js';
import type { VmRuntimeName } from '../../base/vmRuntimes.js';
import { BoxliteRuntime } from './boxlite.js';
import { Microsandbox } from './microsandbox.js';
import { MicrovmSandboxDriver, type MicrovmOptions } from './microvmSandboxDriver.js';
import type { VmRuntime } from './vmRuntime.js';

/**
 * The driver of one runtime of virtual machines, from the folder where people install it.
 * Errors: `sandbox.unavailable` when it is not installed, or this machine boots none.
 */
export function createMicrovmSandbox(
  name: VmRuntimeName,
  options: Omit<MicrovmOptions, 'runtime'>,
): MicrovmSandboxDriver {
  const runtime: VmRuntime =
    name === 'boxlite' ? BoxliteRuntime.load(options.stateDir) : Microsandbox.load(options.stateDir);
  requireVirtualization(name);
  return new MicrovmSandboxDriver({ ...options, runtime });
}

/** Said at once, where a machine would hang for a minute. Errors: `sandbox.unavailable`. */
export function requireVirtualization(driver: VmRuntimeName, device = '/dev/kvm'): void {
  if (process.platform !== 'linux') return;
  try {
    closeSync(openSync(device, 'r+'));
  } catch (error) {
    const reason = errorMessage(error);
    const text = `Virtual machines need ${device}, which cannot be opened: ${reason}. Turn on virtualization, and add yourself to the group kvm.`;
    throw new AppError('sandbox.unavailable', text, { driver, reason }, { cause: error });
  }
}
