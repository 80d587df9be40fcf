import { AppError } from '../../base/errors.js';

/** An error in how the program was called. */
export function usageError(reason: string): AppError<'usage'> {
  return new AppError('usage', reason, { reason });
}
