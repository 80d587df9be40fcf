import { delimiter, isAbsolute, join } from 'node:path';
import { isExecutable } from '../node/looks.js';
import type { Environment } from './stateDirectory.js';

/** An executable of this name in an absolute folder of PATH. */
export function findProgram(name: string, env: Environment): string | undefined {
  const names = process.platform === 'win32' ? [`${name}.cmd`, `${name}.exe`, name] : [name];
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .flatMap(folder => names.map(each => join(folder, each)))
    .find(path => isExecutable(path));
}
