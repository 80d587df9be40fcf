import { AppError } from '../../base/errors.js';

/** A variable that an admin set for every run of every project. What a compose file says wins. */
export interface HostVariable {
  readonly name: string;
  readonly value: string;
  /** It is hidden in what runs say, and told to nobody. */
  readonly secret: boolean;
}

/** Port: the variables, kept where only the host's user reads them. */
export interface HostVariables {
  /** By name. */
  list(): readonly HostVariable[];
  /** Also in place of the one of that name. */
  put(variable: HostVariable): void;
  /** False when there is none. */
  remove(name: string): boolean;
}

const longestValue = 64 * 1024;
const mostVariables = 500;

/** Names that say where programs are found or what is loaded into them, and those that are the host's own. */
const notForSetting = /^(PATH|HOME|SHELL|IFS|ENV|BASH_ENV|NODE_OPTIONS|LD_.*|DYLD_.*|GIT_.*|MUSTER_.*)$/i;

/** Errors: `request.invalid`. */
export function requireSettable({ name, value }: HostVariable, known: number): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
    throw invalid('name', 'it has letters, digits and _, and does not begin with a digit');
  if (notForSetting.test(name)) throw invalid('name', `${name} is set by the host or decides what programs are`);
  if (value.length > longestValue || value.includes('\0'))
    throw invalid('value', `it has at most ${longestValue} characters`);
  if (known >= mostVariables) throw invalid('name', `there are ${mostVariables} already`);
}

function invalid(field: string, reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `The variable’s ${field} is not valid: ${reason}.`, { field, reason });
}
