import { accessSync, constants, statSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { ownValue } from '../../base/ownValue.js';

/**
 * The absolute path of the program that `command` means: a path (relative to `cwd`), or a name on the PATH of `env`.
 * `undefined` when there is none that may be executed.
 */
export function findCommand(
  command: string,
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly platform?: NodeJS.Platform;
  },
): string | undefined {
  const { env, cwd, platform = process.platform } = options;
  const windows = platform === 'win32';
  const path = windows ? win32 : posix;
  if (command === '') return undefined;
  const isPath = command.includes('/') || (windows && (command.includes('\\') || /^[a-z]:/i.test(command)));
  const folders = isPath ? [''] : (readVariable(env, 'PATH', windows) ?? '').split(path.delimiter);
  for (const folder of folders) {
    // An empty entry of PATH would mean the working directory, which belongs to the agent: never from there.
    if (!isPath && folder === '') continue;
    for (const suffix of windows ? windowsSuffixes(command, env) : ['']) {
      const candidate = path.resolve(cwd, folder, command + suffix);
      if (isExecutable(candidate, windows)) return candidate;
    }
  }
  return undefined;
}

function windowsSuffixes(command: string, env: Readonly<Record<string, string>>): readonly string[] {
  const known = (readVariable(env, 'PATHEXT', true) ?? '.COM;.EXE;.BAT;.CMD')
    .split(';')
    .filter(suffix => suffix !== '');
  const hasSuffix = known.some(suffix => command.toLowerCase().endsWith(suffix.toLowerCase()));
  return hasSuffix ? ['', ...known] : known;
}

function readVariable(env: Readonly<Record<string, string>>, name: string, ignoreCase: boolean): string | undefined {
  if (!ignoreCase) return ownValue(env, name);
  for (const [key, value] of Object.entries(env)) if (key.toUpperCase() === name) return value;
  return undefined;
}

function isExecutable(path: string, windows: boolean): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    if (!windows) accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
