import * as vscode from 'vscode';
import { isId } from '../../base/ids.js';

/** Scheme of reviews and of both sides of their files. What a review is, its address says: never a title. */
export const reviewScheme = 'muster-review';

/** Not a commit: a side that is empty. */
export const emptyCommit = '0'.repeat(40);

/**
 * `work`: the file in the worktree, which can be edited. Otherwise the file at a commit: where the thread began (`base`), where it
 * is (`changed`, when its worktree is gone) or was when it was last reviewed (`earlier`).
 */
export type ReviewSide =
  | { readonly kind: 'work' }
  | { readonly kind: 'commit'; readonly commit: string; readonly of: 'base' | 'changed' | 'earlier' };

/** One side of a reviewed file. */
export interface ReviewFile {
  /** Of a part, where the file is in another repository of the thread. */
  readonly threadId: string;
  /** Relative to the worktree, `/`-separated. */
  readonly path: string;
  readonly side: ReviewSide;
}

/**
 * The review of what a thread was at one commit. Its query says which; the path is what VS Code shows above the files, and says
 * nothing else.
 */
export function reviewUri(
  { threadId, commit }: { readonly threadId: string; readonly commit: string },
  title: string,
): vscode.Uri {
  const words = title.replace(/[\\/]+/g, ' ').trim();
  const query = JSON.stringify({ review: threadId, commit });
  return vscode.Uri.from({ scheme: reviewScheme, path: `/${words === '' ? threadId : words}`, query });
}

/**
 * A file in a review: `muster-review://<thread>/<path>`. Both sides have the same path, so that a changed file is not taken for
 * a renamed one; `thread` is what the label shows (`resourceLabelFormatters`), `whole` the thread whose review it is in, where that is another.
 */
export function reviewFileUri({ threadId, path, side }: ReviewFile, title: string, whole = ''): vscode.Uri {
  const at = side.kind === 'work' ? 'work' : side.commit;
  const of = { ...(side.kind === 'commit' && { of: side.of }), ...(whole !== '' && { review: whole }) };
  const query = JSON.stringify({ at, ...of, thread: title });
  return vscode.Uri.from({ scheme: reviewScheme, authority: threadId, path: `/${path}`, query });
}

/** Which file an address means; undefined for an address that is no file of a review. */
export function reviewFileOf(uri: vscode.Uri): ReviewFile | undefined {
  if (uri.scheme !== reviewScheme || !isId(uri.authority)) return undefined;
  const path = uri.path.slice(1);
  const side = sideOf(uri.query);
  if (side === undefined || path === '' || path.split('/').includes('..') || path.includes('\0')) return undefined;
  return { threadId: uri.authority, path, side };
}

/** The thread that a review, or a file of one, is about. */
export function threadOfReview(uri: vscode.Uri): string | undefined {
  if (uri.scheme !== reviewScheme) return undefined;
  const id = reviewedThread(uri.query) ?? uri.authority;
  return id !== undefined && isId(id) ? id : undefined;
}

function reviewedThread(query: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(query);
    if (typeof parsed !== 'object' || parsed === null || !('review' in parsed)) return undefined;
    return typeof parsed.review === 'string' ? parsed.review : undefined;
  } catch {
    // Not one of ours: whatever opened it shows nothing.
    return undefined;
  }
}

function sideOf(query: string): ReviewSide | undefined {
  try {
    const parsed: unknown = JSON.parse(query);
    if (typeof parsed !== 'object' || parsed === null || !('at' in parsed)) return undefined;
    const { at } = parsed;
    if (at === 'work') return { kind: 'work' };
    if (typeof at !== 'string' || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(at)) return undefined;
    const of = 'of' in parsed && (parsed.of === 'changed' || parsed.of === 'earlier') ? parsed.of : 'base';
    return { kind: 'commit', commit: at, of };
  } catch {
    // Not one of ours: whatever opened it shows nothing.
    return undefined;
  }
}
