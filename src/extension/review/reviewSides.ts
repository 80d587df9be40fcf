import type * as vscode from 'vscode';
import { shortId } from '../../protocol/displayFormat.js';
import type { ChangedFile, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { plainText } from '../plain/plainText.js';
import { taskTitle } from '../threads/threadTitles.js';
import { emptyCommit, reviewFileUri, type ReviewSide } from './reviewUris.js';

/** The two sides of a changed file; one that does not exist is missing. */
export interface Sides {
  readonly originalUri: vscode.Uri | undefined;
  readonly modifiedUri: vscode.Uri | undefined;
}

/** What is compared. */
export interface ShownChange {
  readonly thread: Thread;
  readonly baseCommit: string;
  readonly head: string;
  /** The left side is an earlier state of the thread, not what it started from. */
  readonly sinceReview?: boolean;
}

export function sidesOf(change: ShownChange, file: ChangedFile): Sides {
  const isNew = file.status === 'added' || file.status === 'untracked';
  return {
    originalUri: isNew ? undefined : baseUri(change, file.oldPath || file.path),
    modifiedUri: file.status === 'deleted' ? undefined : currentUri(change.thread, file.path, change.head),
  };
}

/** The worktree's file, or that of the last commit when the worktree is gone. */
export function currentUri(thread: Thread, path: string, head = thread.head): vscode.Uri {
  const gone = thread.worktree === '';
  return sideUri(thread, { path, side: gone ? { kind: 'commit', commit: head, of: 'changed' } : { kind: 'work' } });
}

export function baseUri(
  { thread, baseCommit, sinceReview = false }: Pick<ShownChange, 'thread' | 'baseCommit' | 'sinceReview'>,
  path: string,
): vscode.Uri {
  return sideUri(thread, {
    path,
    side: { kind: 'commit', commit: baseCommit, of: sinceReview ? 'earlier' : 'base' },
  });
}

function sideUri(thread: Thread, { path, side }: { readonly path: string; readonly side: ReviewSide }): vscode.Uri {
  const title = `${taskTitle(thread).slice(0, 60)}${side.kind === 'commit' ? ` @${shortId(side.commit)}` : ''}`;
  return reviewFileUri({ threadId: thread.id, path, side }, plainText(title), thread.partOf);
}

/**
 * The rows of a review. VS Code tells of a multi-diff editor only the files with two sides; a review without any gives its first
 * new file an empty left side, so that the tab says whose review it is.
 */
export function identifiable(change: ShownChange, files: readonly ChangedFile[]): readonly Sides[] {
  const rows = files.map(file => sidesOf(change, file));
  if (rows.some(({ originalUri, modifiedUri }) => originalUri && modifiedUri)) return rows;
  const [first, ...others] = rows;
  const only = first?.modifiedUri ?? first?.originalUri;
  if (!first || !only) return rows;
  const review = change.thread.partOf === '' ? {} : { review: change.thread.partOf };
  const nothing = only.with({
    query: JSON.stringify({ at: emptyCommit, ...review, thread: taskTitle(change.thread) }),
  });
  return [{ originalUri: first.originalUri ?? nothing, modifiedUri: first.modifiedUri ?? nothing }, ...others];
}
