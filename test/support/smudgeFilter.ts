import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from './interposedGit.js';
import type { GitRepository } from './gitRepository.js';

/**
 * Gives a repository a filter for `*.slow` files. It runs `script` (POSIX shell) for each file that git is about to write;
 * `$n` is the number of that file, counted over all commands. `git_pid` and `host_pid` print who asked for it.
 */
export async function smudgeWith(repository: GitRepository, script: string): Promise<void> {
  const count = join(repository.folder, 'smudged');
  const path = join(repository.folder, 'smudge');
  await writeFile(count, '');
  await writeFile(
    path,
    `#!/bin/sh
parent() { sed 's/.*) . //' "/proc/$1/stat" | cut -d' ' -f1; }
git_pid() { p=$PPID; while [ "$(cat /proc/$p/comm)" != git ]; do p=$(parent $p); done; echo $p; }
host_pid() { p=$(git_pid); while case "$(cat /proc/$p/comm)" in git*) true;; *) false;; esac; do p=$(parent $p); done; echo $p; }
echo >> ${quoted(count)}
n=$(wc -l < ${quoted(count)})
${script}
cat
`,
  );
  await chmod(path, 0o755);
  await repository.git('config', 'filter.slow.smudge', quoted(path));
  await repository.git('config', 'filter.slow.clean', 'cat');
  await repository.write('.git/info/attributes', '*.slow filter=slow\n');
}
