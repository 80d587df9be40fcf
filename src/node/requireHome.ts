import { AppError } from '../base/errors.js';
import { homeFolder } from './person.js';

/** The home folder, where nothing goes without one. Errors: `state.unwritable`. */
export function requireHome(env: Readonly<Partial<Record<string, string>>>): string {
  const home = homeFolder(env);
  if (home !== undefined) return home;
  throw new AppError(
    'state.unwritable',
    'You have no home folder: HOME is empty, and the system knows none for your user. Set HOME, or MUSTER_HOME to a folder for Muster\u2019s state.',
    { path: '', reason: 'no home folder' },
  );
}
