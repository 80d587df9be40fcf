import { untilAborted } from '../../base/async.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { VmRuntime } from './vmRuntime.js';

/** What a runtime throws, as an error of this program. Errors: `sandbox.unavailable`; the reason of the signal. */
export async function refusing<T>(driver: VmRuntime['name'], work: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await (signal ? untilAborted(work, signal) : work);
  } catch (error) {
    // Whoever gave up hears of that, whatever it comes to.
    signal?.throwIfAborted();
    const reason = errorMessage(error);
    throw new AppError('sandbox.unavailable', `${driver} refused: ${reason}`, { driver, reason }, { cause: error });
  }
}

/** Recognised where it was thrown for: nothing went wrong. */
export function givenUp(): AppError<'cancelled'> {
  return new AppError('cancelled', 'The run was given up.', {});
}

export function notBooted(driver: VmRuntime['name'], error: unknown): AppError<'sandbox.unavailable'> {
  const [reason = ''] = errorMessage(error).split('\n');
  const hint =
    'When it is not the image, it is the virtualization of this machine: inside of another virtual machine there often is none. Docker needs none (driver: {docker: {}}).';
  const message = `The virtual machine did not boot in ${driver}: ${reason.replace(/\.?$/, '.')} ${hint}`;
  return new AppError('sandbox.unavailable', message, { driver, reason }, { cause: error });
}

export function saysTooMuch(): Error {
  return new Error('a command in the machine says more than anybody asked for');
}
