import { AppError } from '../../base/errors.js';

/** A word on the command line that nothing takes: a command that is none, or one argument too many. */
export function surplusWord(reason: string, words: 'command' | 'argument'): AppError<'usage'> {
  return new AppError('usage', reason, { reason, words });
}

/** An error in how the program was called. */
export function usageError(reason: string): AppError<'usage'> {
  return new AppError('usage', reason, { reason });
}
