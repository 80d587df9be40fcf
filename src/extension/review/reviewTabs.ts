import * as vscode from 'vscode';
import { threadOfReview } from './reviewUris.js';

/** The thread whose review, or one of its files, a tab shows. */
export function threadOfTab(tab: vscode.Tab | undefined): string | undefined {
  for (const uri of urisOf(tab?.input)) {
    const threadId = threadOfReview(uri);
    if (threadId !== undefined) return threadId;
  }
  return undefined;
}

/** True for a whole review, false for the diff of one of its files. */
export function isReviewTab({ input }: vscode.Tab): boolean {
  return textDiffs(input).length > 0;
}

function urisOf(input: unknown): readonly vscode.Uri[] {
  if (input instanceof vscode.TabInputTextDiff) return [input.modified, input.original];
  if (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom) return [input.uri];
  return textDiffs(input).flatMap(({ modified, original }) => [modified, original]);
}

/** The class of a multi-diff editor's input has no name in the API yet; what it holds is there. */
function textDiffs(input: unknown): readonly vscode.TabInputTextDiff[] {
  if (typeof input !== 'object' || input === null || !('textDiffs' in input)) return [];
  const { textDiffs: diffs } = input;
  return Array.isArray(diffs) ? diffs.filter(each => each instanceof vscode.TabInputTextDiff) : [];
}
