import { join, resolve } from 'node:path';
import { requireHome } from '../node/requireHome.js';

/** Environment as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Absolute path of the user's state directory: `MUSTER_HOME`, else `~/.muster`. Errors: `state.unwritable`. */
export function stateDirectory(env: Environment): string {
  const home = env['MUSTER_HOME'];
  return home ? resolve(home) : join(requireHome(env), '.muster');
}
