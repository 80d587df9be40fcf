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

/** True while a merge editor for this file is open. */
export function isMerging(output: vscode.Uri): boolean {
  return vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(tab => isMergeTab(tab, output)));
}

/** True for the merge editor of this file. The class of its input has no name in the API yet; what it holds is there. */
export function isMergeTab(tab: vscode.Tab | undefined, output: vscode.Uri): boolean {
  const input: unknown = tab?.input;
  if (typeof input !== 'object' || input === null || !('result' in input)) return false;
  return input.result instanceof vscode.Uri && input.result.toString() === output.toString();
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
