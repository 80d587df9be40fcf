import { homedir, userInfo, type UserInfo } from 'node:os';
import { isAbsolute } from 'node:path';

type Environment = Readonly<Partial<Record<string, string>>>;

/**
 * Containers run programs under numbers that no list of users has (OpenShift, `docker run -u`), and with an empty `HOME`. Asked
 * for either, Node throws or answers with an empty text, which as a folder is the one that somebody happens to be in.
 */
export function homeFolder(env: Environment = process.env): string | undefined {
  const home = env['HOME'];
  if (home !== undefined && isAbsolute(home)) return home;
  const known = process.platform === 'win32' ? quietly(homedir) : account()?.homedir;
  return known !== undefined && isAbsolute(known) ? known : undefined;
}

/** The name that the system has for whoever runs this; the number where it has none. */
export function accountName(): string {
  return account()?.username ?? String(process.getuid?.() ?? 'nobody');
}

/** The shell that the system starts for whoever runs this, if it says one. */
export function accountShell(): string | undefined {
  return account()?.shell ?? undefined;
}

/** The number that files of this process belong to; -1 where files belong to nobody's number. */
export function ownUserId(): number {
  return process.getuid?.() ?? -1;
}

/** Where somebody is who calls a command: as their shell says where the folder itself is gone, so that what needs none works. */
export function workingFolder(env: Environment = process.env): string {
  const said = env['PWD'];
  return quietly(() => process.cwd()) ?? (said !== undefined && isAbsolute(said) ? said : '/');
}

function account(): UserInfo<string> | undefined {
  return quietly(() => userInfo({ encoding: 'utf8' }));
}

function quietly<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    // The system does not know.
    return undefined;
  }
}
