import { delimiter, isAbsolute } from 'node:path';

/**
 * Git reads dozens of GIT_* variables, and a host that was started from a hook, an editor or an agent carries some of
 * them: GIT_DIR or GIT_INDEX_FILE would send our commands to another repository, GIT_AUTHOR_NAME would sign a person's
 * merge with an agent's name. So all are dropped but those that say how this machine reaches git and remotes.
 */
const kept = new Set([
  'GIT_ASKPASS',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_SYSTEM',
  'GIT_EXEC_PATH',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_TEMPLATE_DIR',
]);

export type Environment = Readonly<Partial<Record<string, string>>>;

/** The environment without what would steer git elsewhere, or let it find programs in the folder where it works. */
export function sanitizedEnvironment(environment: Environment): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const upper = name.toUpperCase();
    if (value === undefined || (upper.startsWith('GIT_') && !kept.has(upper))) continue;
    result[name] = upper === 'PATH' ? value.split(delimiter).filter(isAbsolute).join(delimiter) : value;
  }
  // Messages are matched against `gitFailure.ts`, so they must be English.
  return { ...result, LC_ALL: 'C', LANGUAGE: '' };
}

/**
 * What keeps git from asking anyone anything, its reads from taking the index lock of a checkout in use, and its commits from being
 * others than their names say: every agent of a repository can write replacements and grafts.
 */
export function commandEnvironment(options: { readonly reads: boolean }): Record<string, string> {
  return {
    GIT_TERMINAL_PROMPT: '0',
    GIT_EDITOR: 'true',
    GIT_SEQUENCE_EDITOR: 'true',
    GIT_PAGER: 'cat',
    GIT_MERGE_AUTOEDIT: 'no',
    GIT_ADVICE: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    // No file has that name.
    GIT_GRAFT_FILE: '/dev/null/none',
    ...(options.reads ? { GIT_OPTIONAL_LOCKS: '0' } : {}),
  };
}
