import { isAbsolute, delimiter } from 'node:path';
import type { SearchedPath } from '../../core/sandboxes/sandboxDriver.js';
import { isInside } from '../../node/isInside.js';

/** What a PATH is called in which the environment may have it: Windows knows `Path`. */
export function pathOf(variables: Readonly<Record<string, string>>): string {
  if (process.platform !== 'win32') return variables['PATH'] ?? '';
  return Object.entries(variables).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
}

export interface PathSources {
  /** Of the terminal or window that dispatched. */
  readonly client: string;
  readonly shell: string;
  /** Why that is not the PATH which the person's login shell has. */
  readonly trouble?: string | undefined;
  /** Folders that agents write: nothing in them is a program of the user's. */
  readonly foreign: readonly string[];
}

/**
 * The PATH of a run: the dispatching client's folders (a virtual environment, direnv, `nvm use`), then the login shell's that
 * are not among them. Relative ones would mean folders of the worktree, which belongs to the agent.
 */
export function runPath({ client, shell, trouble, foreign }: PathSources): {
  readonly value: string;
  readonly sources: readonly SearchedPath[];
} {
  const seen = new Set<string>();
  const take = (path: string): readonly string[] =>
    path.split(delimiter).filter(folder => {
      if (!isAbsolute(folder) || seen.has(folder) || foreign.some(parent => isInside(parent, folder))) return false;
      seen.add(folder);
      return true;
    });
  const sources = [
    { whose: 'of the terminal or window that dispatched', folders: take(client) },
    { whose: trouble === undefined ? 'of your login shell' : plainPath(trouble), folders: take(shell) },
  ].filter(({ folders }) => folders.length > 0);
  return { value: [...seen].join(delimiter), sources };
}

/** What there is instead: few people have their programs on it. */
function plainPath(trouble: string): string {
  return `that every system has, because your login shell ${trouble}`;
}
