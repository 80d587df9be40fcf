import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import { repoVariable } from '../../base/repoVariable.js';
import type { RepoSpec } from '../../compose/projectSpec.js';
import type { Thread } from './thread.js';

/**
 * What a thread has of another repository than its project's (`workspace.repos`). It is stored as a thread of its own, so that its
 * worktree, review and landing are those of any thread, and is in no list: it has no runs, its latest run is that of the whole,
 * and it ends with that.
 */
export interface ThreadPart {
  readonly thread: ThreadId;
  /** The thread that people know. */
  readonly whole: ThreadId;
  /** Unlike those of the other parts. */
  readonly name: string;
  /** As the compose file had it when the thread was dispatched. */
  readonly path: string;
  /** Branch that it is merged into; missing: where it began. */
  readonly target?: string;
}

/** Port: parts of threads. */
export interface ThreadPartStore {
  /** What the thread is a part of; undefined for a thread of its own. */
  of(thread: ThreadId): ThreadPart | undefined;
  /** In the order of the compose file. */
  ofWhole(whole: ThreadId): readonly ThreadPart[];
  insert(part: ThreadPart): void;
  list(): readonly ThreadPart[];
}

/** A part with the thread that it is stored as. */
export interface PartOfThread {
  readonly part: ThreadPart;
  readonly thread: Thread;
}

/** How many files a thread changed in all of its repositories. */
export function filesChanged({
  thread,
  parts,
}: {
  readonly thread: Thread;
  readonly parts: readonly PartOfThread[];
}): number {
  return parts.reduce((sum, part) => sum + (part.thread.filesChanged ?? 0), thread.filesChanged ?? 0);
}

/** The variables that tell what runs for a thread where its other repositories are. */
export function partVariables(
  places: readonly { readonly name: string; readonly path: string }[],
): Readonly<Record<string, string>> {
  if (places.length === 0) return {};
  return {
    MUSTER_REPOS: places.map(({ name }) => name).join(' '),
    ...Object.fromEntries(places.map(({ name, path }) => [repoVariable(name), path])),
  };
}

/**
 * Where the compose file allows an agent to work now: a person agreed to it by name. Errors: `request.invalid` when the file
 * has the repository no more.
 */
export function allowedRepo(repos: readonly RepoSpec[], { name, path, whole }: ThreadPart): RepoSpec {
  const found = repos.find(repo => repo.name === name && repo.path === path);
  if (found) return found;
  const message = `Thread ${whole} works in the repository ${path} (${name}) too, and the compose file does not name it any more. Put it back into \`workspace.repos\`, or start a new thread.`;
  throw new AppError('request.invalid', message, { field: 'workspace.repos', reason: `${name} is not there` });
}
