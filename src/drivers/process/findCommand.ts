import { realpathSync } from 'node:fs';
import { posix, win32, type PlatformPath } from 'node:path';
import { ownValue } from '../../base/ownValue.js';
import { homeFolder } from '../../node/person.js';
import { isInside } from '../../node/isInside.js';
import { isExecutable } from '../../node/looks.js';

/**
 * The absolute path of the program that `command` means: a path (relative to `cwd`), or a name in an absolute folder of the
 * PATH of `env`. A name never means what lies in `cwd` or in `untrusted`, also not behind a link: what is there may be an
 * agent's or came with a repository. `undefined` when there is none that may be executed.
 */
export function findCommand(
  command: string,
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly untrusted?: readonly string[];
    readonly platform?: NodeJS.Platform;
  },
): string | undefined {
  const { env, cwd, untrusted = [], platform = process.platform } = options;
  if (command === '') return undefined;
  const windows = platform === 'win32';
  const path = windows ? win32 : posix;
  const suffixes = windows ? windowsSuffixes(command, env) : [''];
  const programsIn = (folder: string): readonly string[] =>
    suffixes
      .map(suffix => path.resolve(cwd, folder, command + suffix))
      .filter(candidate => isExecutable(candidate, windows));
  if (isPath(command, windows)) return programsIn('')[0];
  const folders = (readVariable(env, 'PATH', windows) ?? '').split(path.delimiter);
  for (const folder of folders) {
    // A relative entry of PATH, or an empty one, would mean the working directory, which belongs to the agent.
    if (!path.isAbsolute(folder)) continue;
    const found = programsIn(folder).find(candidate => !liesIn(candidate, [cwd, ...untrusted], path));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isPath(command: string, windows: boolean): boolean {
  return command.includes('/') || (windows && (command.includes('\\') || /^[a-z]:/i.test(command)));
}

/** By its name and where that leads. A folder that contains the home folder (dotfiles in git) says nothing about programs. */
function liesIn(program: string, folders: readonly string[], path: PlatformPath): boolean {
  const home = homeFolder() ?? '/';
  const telling = folders.filter(folder => !isInside(folder, home, path));
  const places = [program, realPath(program)];
  return telling.some(folder =>
    [folder, realPath(folder)].some(parent => places.some(place => isInside(parent, place, path))),
  );
}

function realPath(place: string): string {
  try {
    return realpathSync(place);
  } catch {
    // It is gone again; then it cannot be started either.
    return place;
  }
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
