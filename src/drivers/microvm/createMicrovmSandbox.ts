import { closeSync, openSync } from 'node:fs';
import { AppError, errorMessage } from '../../base/errors.js';
import type { VmRuntimeName } from '../../base/vmRuntimes.js';
import { Microsandbox } from './microsandbox.js';
import { MicrovmSandboxDriver, type MicrovmOptions } from './microvmSandboxDriver.js';

/**
 * The driver of virtual machines with its runtime, from the folder where people install it.
 * Errors: `sandbox.unavailable` when it is not installed, or this machine boots none.
 */
export function createMicrovmSandbox(options: Omit<MicrovmOptions, 'runtime'>): MicrovmSandboxDriver {
  const runtime = Microsandbox.load(options.stateDir);
  requireVirtualization(runtime.name);
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
