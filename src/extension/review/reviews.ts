import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { inPart } from '../../base/partPath.js';
import { shortId } from '../../protocol/displayFormat.js';
import { byPath } from '../../protocol/fileOrder.js';
import type { ChangedFile, Thread, ThreadPart } from '../../protocol/gen/muster/v1/threads_pb.js';
import { partThread, placeInPart } from '../../protocol/partThread.js';
import { seenHead } from '../../protocol/reviewedHead.js';
import type { HostConnection } from '../host/hostConnection.js';
import { plainText } from '../plain/plainText.js';
import { taskTitle, threadTitle } from '../threads/threadTitles.js';
import { ReviewEdits, type ReviewEdit } from './reviewEdits.js';
import { isReviewTab, threadOfTab } from './reviewTabs.js';
import type { ReviewedChanges } from './reviewedChanges.js';
import { currentUri, identifiable, sidesOf, type ShownChange } from './reviewSides.js';
import { reviewFileOf, reviewUri } from './reviewUris.js';

/** Files of one repository, and what they are compared with. */
interface Shown {
  readonly change: ShownChange;
  readonly files: readonly ChangedFile[];
}

/** What a thread is compared with. */
type Asked = { readonly withTarget: true } | { readonly compareWith: string };

/** The reviews of this window. What was shown and approved is kept by the host, with the thread. */
export class Reviews {
  readonly edits = new ReviewEdits();
  readonly #host: HostConnection;
  readonly #changes: Pick<ReviewedChanges, 'show' | 'earlier' | 'thread'>;
  /** What the left side of each thread's review is; a thread that nobody opened here is compared with where it began. */
  readonly #bases = new Map<string, string>();

  constructor(host: HostConnection, changes: Pick<ReviewedChanges, 'show' | 'earlier' | 'thread'>) {
    this.#host = host;
    this.#changes = changes;
  }

  /** The thread whose review is the active editor. */
  get activeThreadId(): string | undefined {
    return threadOfTab(vscode.window.tabGroups.activeTabGroup.activeTab);
  }

  /** True while the review of a thread, or one of its files, is open in this window. */
  isOpen(threadId: string): boolean {
    return vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(tab => threadOfTab(tab) === threadId));
  }

  /** The commit on the left side of a thread's review. */
  baseOf({ id, baseCommit }: Thread): string {
    return this.#bases.get(id) ?? baseCommit;
  }

  /**
   * Opens all changed files of a thread in one editor. `sinceLast`: only what changed since the person last looked, if they did.
   * False when there is nothing to review.
   */
  async open(
    thread: Thread,
    signal: AbortSignal,
    { sinceLast = false }: { readonly sinceLast?: boolean } = {},
  ): Promise<boolean> {
    await this.save(thread);
    const client = await this.#host.client(signal);
    const shown = await client.threads.reviewThread({ threadId: thread.id, sinceLast }, { signal });
    this.edits.clear(thread.id);
    const earlier = sinceLast ? shown.earlierCommit : '';
    const others = await this.#others(shown.thread ?? thread, { sinceLast, signal });
    if (shown.files.length === 0 && others.every(({ files }) => files.length === 0)) return false;
    if (earlier === '') this.#bases.set(thread.id, shown.baseCommit);
    const change = {
      thread: shown.thread ?? thread,
      baseCommit: shown.baseCommit,
      head: shown.head,
      sinceReview: earlier !== '',
    };
    const resources = [{ change, files: shown.files }, ...others].flatMap(each =>
      identifiable(each.change, each.files.toSorted(byPath)),
    );
    const source = reviewUri({ threadId: thread.id, commit: shown.head }, plainText(taskTitle(thread)));
    await this.#closeTabs(thread.id, tab => isReviewTab(tab));
    const title =
      earlier === ''
        ? vscode.l10n.t('Review: {0}', threadTitle(thread))
        : vscode.l10n.t('Since last review: {0}', threadTitle(thread));
    await vscode.commands.executeCommand('_workbench.openMultiDiffEditor', {
      title: plainText(title),
      multiDiffSourceUri: source,
      resources,
    });
    // Else the next file that is opened takes the review's place.
    await vscode.commands.executeCommand('workbench.action.keepEditor');
    await this.#changes.show(thread.id, { earlier });
    return true;
  }

  /** What a thread changed in its other repositories. It counts as shown from then on. */
  async #others(
    { parts }: Thread,
    { sinceLast, signal }: { readonly sinceLast: boolean; readonly signal: AbortSignal },
  ): Promise<readonly Shown[]> {
    const client = await this.#host.client(signal);
    const others = [];
    for (const { threadId } of parts.filter(({ repository }) => repository !== '')) {
      const shown = await client.threads.reviewThread({ threadId, sinceLast }, { signal });
      const { thread, baseCommit, head, files } = shown;
      const sinceReview = sinceLast && shown.earlierCommit !== '';
      this.edits.clear(threadId);
      if (!sinceReview) this.#bases.set(threadId, baseCommit);
      if (thread) others.push({ change: { thread: named(thread), baseCommit, head, sinceReview }, files });
    }
    return others;
  }

  /**
   * Opens what a thread has that another one, or its target as it is now, has not, and the other way round. That is no review: nothing
   * counts as seen by it. False when both came to the same.
   */
  async compare(thread: Thread, other: Thread | 'target', signal: AbortSignal): Promise<boolean> {
    const beside = (of: (thread: Thread) => string): Asked =>
      other === 'target' ? { withTarget: true } : { compareWith: of(other) };
    const compared = [
      await this.#compared(
        thread,
        beside(({ id }) => id),
        signal,
      ),
    ];
    for (const part of thread.parts.filter(({ repository }) => repository !== '')) {
      // One that has nothing of it has done nothing there.
      const asked = beside(({ parts }) => parts.find(each => isSameRepository(each, part))?.threadId ?? '');
      compared.push(await this.#compared(partThread(thread, part), asked, signal));
    }
    if (compared.every(({ files }) => files.length === 0)) return false;
    const title =
      other === 'target' ? vscode.l10n.t('Target as it is now ↔ {0}', threadTitle(thread)) : pair(other, thread);
    await vscode.commands.executeCommand('_workbench.openMultiDiffEditor', {
      title: plainText(title),
      resources: compared.flatMap(({ change, files }) => identifiable(change, files.toSorted(byPath))),
    });
    await vscode.commands.executeCommand('workbench.action.keepEditor');
    return true;
  }

  /** In one repository; with nothing else, what it changed. */
  async #compared(thread: Thread, asked: Asked, signal: AbortSignal): Promise<Shown> {
    const client = await this.#host.client(signal);
    const { baseCommit, head, files } = await client.threads.diffThread({ threadId: thread.id, ...asked }, { signal });
    return { change: { thread, baseCommit, head, sinceReview: true }, files };
  }

  /** Closes what is open of a thread's review. */
  close(threadId: string): Promise<void> {
    return this.#closeTabs(threadId, () => true);
  }

  /** Opens what one file changed: text as a diff at a line, everything else as VS Code shows it. */
  async openFile(
    whole: Thread,
    listedPath: string,
    { signal, line }: { readonly signal: AbortSignal; readonly line?: number },
  ): Promise<void> {
    const client = await this.#host.client(signal);
    const inOther = placeInPart(whole, listedPath);
    const path = inOther?.path ?? listedPath;
    const thread = inOther ? partThread(whole, inOther.part) : whole;
    const since = this.#changes.thread?.id === whole.id ? this.#changes.earlier : '';
    // What was seen of another repository is another commit; its file is shown whole.
    const earlier = inOther ? '' : since;
    const listed = await client.reviews.listChanges({ threadId: thread.id, earlierCommit: earlier }, { signal });
    if (earlier === '') this.#bases.set(thread.id, listed.baseCommit);
    const changed = listed.files.find(({ file }) => file?.path === path)?.file;
    const change = {
      thread: this.#host.thread(thread.id) ?? thread,
      baseCommit: listed.baseCommit,
      head: listed.head,
      sinceReview: earlier !== '',
    };
    const title = plainText(vscode.l10n.t('{0} ({1})', path, threadTitle(thread)));
    const at = line === undefined ? {} : { selection: new vscode.Range(line - 1, 0, line - 1, 0) };
    const options = { preview: true, ...at };
    if (!changed) {
      await vscode.commands.executeCommand('vscode.open', currentUri(change.thread, path, change.head), options, title);
      return;
    }
    const { originalUri, modifiedUri } = sidesOf(change, changed);
    if (originalUri && modifiedUri) {
      await vscode.commands.executeCommand('vscode.diff', originalUri, modifiedUri, title, options);
    } else if (modifiedUri) {
      await vscode.commands.executeCommand('vscode.open', modifiedUri, options, title);
    } else if (originalUri) {
      const gone = plainText(vscode.l10n.t('{0} (deleted, {1})', path, threadTitle(thread)));
      await vscode.commands.executeCommand('vscode.open', originalUri, { preview: true }, gone);
    }
  }

  /**
   * Saves what the person has typed into the thread's files, in the review or beside it. What they wrote counts as seen.
   * Throws when VS Code could not save: nothing may be merged without it then.
   */
  async save(thread: Thread): Promise<void> {
    for (const document of vscode.workspace.textDocuments) {
      if (!document.isDirty || !belongsTo(document.uri, thread)) continue;
      if (!(await document.save())) {
        const name = vscode.workspace.asRelativePath(document.uri);
        throw new Error(vscode.l10n.t('{0} could not be saved, so nothing was done.', name));
      }
      if (document.uri.scheme === 'file') {
        const { id, worktree } = placesOf(thread).find(place => liesIn(document.uri, place.worktree)) ?? thread;
        const path = relative(worktree, document.uri.fsPath).split(sep).join('/');
        this.edits.record(id, path, await readFile(document.uri.fsPath));
      }
    }
  }

  /**
   * The commit that a merge may bring in: what the person was shown, with what they wrote since. Undefined: they were shown
   * nothing. Errors: `review.outdated` when somebody else has changed the worktree meanwhile.
   */
  async reviewedHead(thread: Thread, signal: AbortSignal): Promise<string | undefined> {
    await this.save(thread);
    const client = await this.#host.client(signal);
    const { thread: fresh = thread } = await client.threads.getThread({ threadId: thread.id }, { signal });
    if (fresh.shownHead === '' || !this.hasEdits(fresh)) return seenHead(fresh) || undefined;
    return this.approve(fresh, { shown: fresh.shownHead, signal });
  }

  /** Takes what is in the worktree as approved; what differs from `shown` must be what the person wrote here themselves. */
  async approve(
    thread: Thread,
    { shown = '', signal }: { readonly shown?: string; readonly signal: AbortSignal },
  ): Promise<string> {
    await this.save(thread);
    const edits = shown === '' ? [] : this.#editsOf(thread);
    const client = await this.#host.client(signal);
    const request = { threadId: thread.id, shown, edits: edits.map(edit => ({ ...edit })) };
    const { head } = await client.threads.approveThread(request, { signal });
    for (const { id } of placesOf(thread)) this.edits.clear(id);
    return head;
  }

  /** True while something that the person wrote into its files here is not approved yet. */
  hasEdits(thread: Thread): boolean {
    return this.#editsOf(thread).length > 0;
  }

  /** What the person wrote themselves; of other repositories by the paths that a list of all has. */
  #editsOf(thread: Thread): readonly ReviewEdit[] {
    const others = thread.parts.flatMap(({ threadId, name }) =>
      this.edits.of(threadId).map(({ path, sha256 }) => ({ path: inPart(name, path), sha256 })),
    );
    return [...this.edits.of(thread.id), ...others];
  }

  async #closeTabs(threadId: string, which: (tab: vscode.Tab) => boolean): Promise<void> {
    const tabs = vscode.window.tabGroups.all
      .flatMap(group => group.tabs)
      .filter(tab => threadOfTab(tab) === threadId && which(tab));
    if (tabs.length > 0) await vscode.window.tabGroups.close(tabs);
  }
}

/** The commit that somebody else changed the worktree after; the files, if that is what an error says. */
export function outdatedFiles(error: unknown): readonly string[] | undefined {
  return isAppError(error, 'review.outdated') ? error.data.files : undefined;
}

function belongsTo(uri: vscode.Uri, thread: Thread): boolean {
  const threadId = reviewFileOf(uri)?.threadId;
  return placesOf(thread).some(
    ({ id, worktree }) => threadId === id || (uri.scheme === 'file' && liesIn(uri, worktree)),
  );
}

/** A thread's worktrees, in all of its repositories. */
function placesOf({ id, worktree, parts }: Thread): readonly { readonly id: string; readonly worktree: string }[] {
  return [{ id, worktree }, ...parts.map(part => ({ id: part.threadId, worktree: part.worktree }))];
}

function liesIn({ fsPath }: vscode.Uri, worktree: string): boolean {
  return worktree !== '' && fsPath.startsWith(worktree + sep);
}

function isSameRepository(one: ThreadPart, other: ThreadPart): boolean {
  return one.name === other.name && one.repository === other.repository;
}

/** By which its files are told apart on screen. */
function named(part: Thread): Thread {
  return { ...part, summary: `${part.partName}: ${part.summary}` };
}

/** Attempts at the same task have the same title: what tells them apart is who made them. */
function pair(left: Thread, right: Thread): string {
  const one = taskTitle(left);
  if (one !== taskTitle(right)) return vscode.l10n.t('{0} ↔ {1}', threadTitle(left), threadTitle(right));
  const apart = ({ agent, latestRun, id }: Thread): readonly string[] => [agent, latestRun?.model ?? '', shortId(id)];
  const [ofLeft, ofRight] = [apart(left), apart(right)];
  const at = ofLeft.findIndex((name, i) => name !== ofRight[i] && name !== '' && ofRight[i] !== '');
  return vscode.l10n.t('{0}: {1} ↔ {2}', one, ofLeft[at] ?? '', ofRight[at] ?? '');
}
