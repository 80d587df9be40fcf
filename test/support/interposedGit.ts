import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What happens around one of the driver's git commands. Snippets are POSIX shell; `git` in them is the real one. */
export interface Interposition {
  /** A shell pattern that the arguments, joined by spaces, must match. */
  readonly when: string;
  readonly before?: string;
  readonly after?: string;
  /** Default: only the first time. */
  readonly always?: boolean;
}

/** The driver names its git directory in the environment; another process does not have that. */
const elsewhere = 'unset GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR';

/** Makes a `git` that runs the real one, with things happening in between as another process would make them happen. */
export async function interposedGit(folder: string, { when, before, after, always }: Interposition): Promise<string> {
  const path = join(folder, 'git-between');
  const once = always === true ? '' : `&& mkdir ${quoted(join(folder, 'happened'))} 2>/dev/null`;
  await writeFile(
    path,
    `#!/bin/sh
matches() { case "$*" in ${when}) return 0;; esac; return 1; }
if matches "$@" ${once}; then
  ( ${elsewhere}; ${before ?? ':'} ) >&2
  git "$@"
  code=$?
  ( ${elsewhere}; ${after ?? ':'} ) >&2
  exit $code
fi
exec git "$@"
`,
  );
  await chmod(path, 0o755);
  return path;
}

/** Quotes a word for a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
