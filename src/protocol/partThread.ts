import type { Thread, ThreadPart } from './gen/muster/v1/threads_pb.js';

/** What a thread has of another repository, as the host answers when it is asked for by its own id. */
export function partThread(whole: Thread, part: ThreadPart): Thread {
  const { threadId: id, name: partName, repository, worktree, branch, baseCommit, head } = part;
  const { filesChanged, additions, deletions } = part;
  return {
    ...whole,
    ...{ id, partName, repository, worktree, branch, baseCommit, head, filesChanged, additions, deletions },
    partOf: whole.id,
    parts: [],
    summary: `${partName}: ${whole.summary}`,
  };
}

/** The part that a path of a thread's list is in, and the path there: `web:src/app.ts`. Undefined: it is of the project's repository. */
export function placeInPart(
  { parts }: Pick<Thread, 'parts'>,
  path: string,
): { readonly part: ThreadPart; readonly path: string } | undefined {
  const part = parts.find(({ name }) => path.startsWith(`${name}:`));
  return part && { part, path: path.slice(part.name.length + 1) };
}
