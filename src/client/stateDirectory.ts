import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Environment as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Absolute path of the user's state directory: `MUSTER_HOME`, else `~/.muster`. */
export function stateDirectory(env: Environment): string {
  const home = env['MUSTER_HOME'];
  return home ? resolve(home) : join(homedir(), '.muster');
}
