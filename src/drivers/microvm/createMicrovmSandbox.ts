import { closeSync, openSync } from 'node:fs';
import { AppError, errorMessage } from '../../base/errors.js';
import type { VmRuntimeName } from '../../base/vmRuntimes.js';
import { BoxliteRuntime } from './boxlite.js';
import { Microsandbox } from './microsandbox.js';
import { MicrovmSandboxDriver, type MicrovmOptions } from './microvmSandboxDriver.js';
import { Registries } from './registries.js';
import type { VmRuntime } from './vmRuntime.js';

export interface MicrovmPlace extends Omit<MicrovmOptions, 'runtime' | 'registries'> {
  /** That of a person's login shell. */
  readonly environment: () => Promise<Readonly<Record<string, string>>>;
}

/**
 * The driver of virtual machines with its runtime, from the folder where people install it.
 * Errors: `sandbox.unavailable` when it is not installed, or this machine boots none.
 */
export function createMicrovmSandbox(
  name: VmRuntimeName,
  { environment, ...options }: MicrovmPlace,
): MicrovmSandboxDriver {
  const registries = new Registries(environment);
  const runtime = load(name, options.stateDir, registries);
  requireVirtualization(name);
  return new MicrovmSandboxDriver({ ...options, registries, runtime });
}

function load(name: VmRuntimeName, stateDir: string, registries: Registries): VmRuntime {
  switch (name) {
    case 'microsandbox':
      return Microsandbox.load(stateDir);
    case 'boxlite':
      return BoxliteRuntime.load(stateDir, registries);
  }
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
