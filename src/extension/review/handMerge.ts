import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { shortId } from '../../protocol/displayFormat.js';
import type { BeginHandMergeResponse } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { askModally, showDone, showInformation, showWarning, whileWaiting } from '../plain/messages.js';
import { plainText } from '../plain/plainText.js';
import type { Services } from '../services.js';
import { asItIsNow } from '../threads/presentState.js';
import { threadTitle } from '../threads/threadTitles.js';
import { windowClosing } from '../windowClosing.js';
import { hasConflictMarkers } from './conflictMarkers.js';
import { currentUri } from './reviewSides.js';
import { isMergeTab, isMerging } from './reviewTabs.js';
import { reviewFileUri } from './reviewUris.js';

/** More editors at once help nobody; the others are opened when these are done. */
const editorsAtOnce = 10;

/** For VS Code to do what it does by itself in a moment; then it is gone on without. */
const patienceMs = 10_000;

/**
 * Merges the target into the worktree and shows what both changed in VS Code's merge editor. One that has begun goes on, with the files
 * that are named to it, or else with those that have conflicts left.
 */
export async function mergeByHand(services: Services, thread: Thread, named: readonly string[] = []): Promise<void> {
  await services.reviews.save(thread);
  // A merge editor of a file that is open takes what is shown of it for resolved.
  await services.reviews.close(thread.id);
  const title = threadTitle(thread);
  const begun = await whileWaiting(vscode.l10n.t('Looking for conflicts of "{0}"', title), async signal => {
    const client = await services.host.client(signal);
    return client.merges.beginHandMerge({ threadId: thread.id }, { signal });
  });
  if (begun.done) {
    showDone(vscode.l10n.t('"{0}" has all of {1} now', title, begun.target));
    return;
  }
  const files = await filesToShow(thread, begun, named);
  // The last one that is opened is in front.
  for (const path of files.slice(0, editorsAtOnce).toReversed()) await openMergeEditor(thread, begun, path);
  await offerEnd(services, thread, begun);
}

async function filesToShow(
  thread: Thread,
  { files }: BeginHandMergeResponse,
  named: readonly string[],
): Promise<readonly string[]> {
  const wanted = files.filter(path => named.includes(path));
  if (wanted.length > 0) return wanted;
  const conflicting = [];
  for (const path of files) if (await hasConflictsOnDisk(currentUri(thread, path))) conflicting.push(path);
  return conflicting.length > 0 ? conflicting : files;
}

/** Commits what the person made of the conflicts, and offers what it was for. Of a merge that was ended already it says so. */
export async function finishHandMerge(services: Services, thread: Thread): Promise<void> {
  const begun = await begunMerge(services, thread);
  if (!begun) return tellEnded(thread);
  if (!(await acceptOpen(thread, begun))) return;
  // What is typed elsewhere and not saved would be missing.
  await services.reviews.save(thread);
  const title = threadTitle(thread);
  const end = services.attention.handleHere(thread.id);
  try {
    const { target, head } = await whileWaiting(vscode.l10n.t('Completing the merge in "{0}"', title), async signal => {
      const client = await services.host.client(signal);
      return client.merges.endHandMerge({ threadId: thread.id }, { signal });
    }).finally(end);
    const review = vscode.l10n.t('Review Changes');
    const merge = vscode.l10n.t('Merge Thread');
    const text = vscode.l10n.t('"{0}" has all of {1} now, at {2}', title, target, shortId(head));
    const chosen = await showInformation(text, review, merge);
    if (chosen === review) await vscode.commands.executeCommand('muster.review', thread.id);
    if (chosen === merge) await vscode.commands.executeCommand('muster.merge', thread.id);
  } catch (error) {
    if (!isAppError(error, 'worktree.unfinished')) throw error;
    await tellUnresolved(services, thread, error.data.files);
  }
}

async function tellUnresolved(services: Services, thread: Thread, files: readonly string[]): Promise<void> {
  const again = vscode.l10n.t('Resolve in Merge Editor');
  const text = vscode.l10n.t('"{0}" is not resolved yet: {1}', threadTitle(thread), files.slice(0, 5).join(', '));
  if ((await showWarning(text, again)) !== again) return;
  if (await isUnderWay(services, thread)) await mergeByHand(services, thread, files);
  else tellEnded(thread);
}

/** A message goes on offering to end a merge that was ended elsewhere: by a row, on a page, in a terminal. */
function tellEnded(thread: Thread): void {
  void showInformation(vscode.l10n.t('The merge in "{0}" was completed or given up already.', threadTitle(thread)));
}

/** Brings the worktree to what it was before the merge, if it is still under way. False: the person would rather not. */
export async function abandonHandMerge(services: Services, thread: Thread): Promise<boolean> {
  if (!(await isUnderWay(services, thread))) {
    tellEnded(thread);
    return true;
  }
  const title = threadTitle(thread);
  const giveUp = vscode.l10n.t('Give Up Merge');
  const question = {
    text: vscode.l10n.t('Give up the merge in "{0}"?', title),
    detail: vscode.l10n.t('What was resolved so far is lost, and its files are as they were before the merge.'),
  };
  if ((await askModally(question, giveUp)) !== giveUp) return false;
  // What is saved from them later would be written over files that are whole again.
  const begun = await begunMerge(services, thread);
  if (begun) await withOpen(thread, begun, closeUnasked);
  const end = services.attention.handleHere(thread.id);
  await whileWaiting(vscode.l10n.t('Giving the merge in "{0}" up', title), async signal => {
    const client = await services.host.client(signal);
    return client.merges.endHandMerge({ threadId: thread.id, abandon: true }, { signal });
  }).finally(end);
  showDone(vscode.l10n.t('"{0}" is as it was before the merge', title));
  return true;
}

/**
 * Closes the merge editor in front of a person who gives everything in it up. VS Code asks before it closes one with conflicts that
 * nobody handled or with text that is not saved, and leaves it open for who says no: so there is neither.
 */
async function closeUnasked(output: vscode.Uri, inFront: boolean): Promise<void> {
  // Another editor in its place is none to close.
  if (!inFront) return;
  await vscode.commands.executeCommand('merge.acceptAllInput2');
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === output.toString());
  if (document?.isDirty) await document.save();
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
}

async function offerEnd(services: Services, thread: Thread, begun: BeginHandMergeResponse): Promise<void> {
  const complete = vscode.l10n.t('Complete Merge');
  const abandon = vscode.l10n.t('Give Up Merge');
  const others = begun.others.slice(0, 5).join(', ');
  const count = begun.files.length + begun.others.length;
  const title = threadTitle(thread);
  const what =
    count === 1
      ? vscode.l10n.t('"{0}" and {1} both changed a file.', title, begun.target)
      : vscode.l10n.t('"{0}" and {1} both changed {2} files.', title, begun.target, count);
  const how =
    others === ''
      ? vscode.l10n.t('Save each when it is resolved, then complete the merge.')
      : vscode.l10n.t('These have to be resolved in a terminal: {0}', others);
  const text = `${what} ${how}`;
  const chosen = await showInformation(text, complete, abandon);
  if (chosen === complete) await finishHandMerge(services, thread);
  // Whoever thinks better of it has the choice again.
  if (chosen === abandon && !(await abandonHandMerge(services, thread))) await offerEnd(services, thread, begun);
}

/**
 * Accepts what is in the merge editors that are open: VS Code saves them, and asks where a conflict remains. Saved without that
 * question, a file in which only some were resolved has no marker that would tell of the others. False: not now.
 */
async function acceptOpen(thread: Thread, begun: BeginHandMergeResponse): Promise<boolean> {
  const answers = await withOpen(thread, begun, async (output, inFront) => {
    if (inFront) return vscode.commands.executeCommand('mergeEditor.acceptMerge');
    void showWarning(
      vscode.l10n.t(
        'The merge editor of {0} did not open, so that nobody saw whether conflicts are left.',
        output.path.slice(1),
      ),
    );
    return refused;
  });
  return !answers.some(isRefused);
}

/** As VS Code says that somebody would rather not. */
const refused = { successful: false };

async function isUnderWay(services: Services, thread: Thread): Promise<boolean> {
  return (await asItIsNow(services, thread)).handMerge !== '';
}

/** The merge that is under way; undefined: it was ended elsewhere meanwhile. */
async function begunMerge(services: Services, thread: Thread): Promise<BeginHandMergeResponse | undefined> {
  // Asking for its files would begin another one.
  if (!(await isUnderWay(services, thread))) return undefined;
  const signal = windowClosing;
  const client = await services.host.client(signal);
  return client.merges.beginHandMerge({ threadId: thread.id }, { signal });
}

/** Does something to each merge editor of the thread that is open, brought to the front where that can be; the first refusal ends that. */
async function withOpen(
  thread: Thread,
  begun: BeginHandMergeResponse,
  act: (output: vscode.Uri, inFront: boolean) => Thenable<unknown>,
): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (const path of begun.files) {
    const output = currentUri(thread, path);
    if (!isMerging(output)) continue;
    await openMergeEditor(thread, begun, path);
    const answer: unknown = await act(output, await untilSo(() => isInFront(output)));
    answers.push(answer);
    if (isRefused(answer)) break;
  }
  return answers;
}

/** One that is still being read gives no answer: its file has its markers then. */
function isRefused(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'successful' in answer && answer.successful === false;
}

/** As VS Code's own git extension does it; where that command is not there, the file itself shows its conflicts. */
async function openMergeEditor(thread: Thread, begun: BeginHandMergeResponse, path: string): Promise<void> {
  // The thread's own file: by its path, git would list the worktree among the person's repositories.
  const output = currentUri(thread, path);
  const at = (commit: string): vscode.Uri =>
    reviewFileUri({ threadId: thread.id, path, side: { kind: 'commit', commit, of: 'base' } }, threadTitle(thread));
  const side = (title: string, commit: string) => ({
    uri: at(commit),
    title: plainText(title),
    description: shortId(commit),
    detail: '',
  });
  const input = {
    base: at(begun.base),
    input1: side(begun.target, begun.theirs),
    input2: side(thread.branch, begun.ours),
    output,
  };
  if (!isMerging(output)) await whenRead(output);
  try {
    await vscode.commands.executeCommand('_open.mergeEditor', input);
  } catch {
    // A build of VS Code without its merge editor: the file with its markers does as well.
    await vscode.window.showTextDocument(output, { preview: false });
  }
}

/** An editor that was open a moment ago may still hold the file as it was: a merge editor would take that for resolved. */
async function whenRead(output: vscode.Uri): Promise<void> {
  if (!(await hasConflictsOnDisk(output))) return;
  await untilSo(() => {
    const held = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === output.toString());
    return held === undefined || hasConflictMarkers(held.getText());
  });
}

/** False as well for a file that one side removed: there is none to read. */
async function hasConflictsOnDisk(output: vscode.Uri): Promise<boolean> {
  try {
    return hasConflictMarkers(new TextDecoder().decode(await vscode.workspace.fs.readFile(output)));
  } catch {
    return false;
  }
}

/** The command that opens a merge editor ends before that is open. */
function isInFront(output: vscode.Uri): boolean {
  return isMergeTab(vscode.window.tabGroups.activeTabGroup.activeTab, output);
}

/** Waits for what VS Code's editors come to. False: not in time. */
async function untilSo(isSo: () => boolean): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = (): void => void (isSo() && resolve());
  const signal = AbortSignal.any([windowClosing, AbortSignal.timeout(patienceMs)]);
  signal.addEventListener('abort', () => resolve(), { once: true });
  const listening = vscode.Disposable.from(
    vscode.window.tabGroups.onDidChangeTabs(check),
    vscode.window.tabGroups.onDidChangeTabGroups(check),
    vscode.workspace.onDidChangeTextDocument(check),
    vscode.workspace.onDidCloseTextDocument(check),
  );
  check();
  if (signal.aborted) resolve();
  await promise.finally(() => listening.dispose());
  return isSo();
}
