import { join } from 'node:path';
import * as vscode from 'vscode';
import { shortId } from '../../protocol/displayFormat.js';
import type { ChangedFile, DiffThreadResponse, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { threadTitle } from '../threads/threadText.js';
import { baseFileUri } from './baseFiles.js';

interface OpenReview {
  readonly threadId: string;
  /** Start of the tab's label; VS Code adds the number of files. */
  readonly title: string;
}

/** One changed file: left its base, right the worktree's file, which can be edited; a side that does not exist is missing. */
interface ReviewedFile {
  readonly name: vscode.Uri;
  readonly base: vscode.Uri | undefined;
  readonly current: vscode.Uri | undefined;
}

/** The reviews of this window: opens them, knows which one is in front and which commit each has shown. */
export class Reviews implements vscode.Disposable {
  readonly #host: HostConnection;
  readonly #open = new Map<string, OpenReview>();
  readonly #shownHeads = new Map<string, string>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(host: HostConnection) {
    this.#host = host;
    this.#subscriptions = [
      vscode.window.tabGroups.onDidChangeTabs(() => this.#showContext()),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.#showContext()),
    ];
  }

  /** The thread whose review is the active editor. */
  get activeThreadId(): string | undefined {
    const label = vscode.window.tabGroups.activeTabGroup.activeTab?.label;
    if (label === undefined) return undefined;
    for (const review of this.#open.values()) if (isTitleOf(label, review)) return review.threadId;
    return undefined;
  }

  /** The commit that the person has last reviewed or approved in this window. */
  shownHead(threadId: string): string | undefined {
    return this.#shownHeads.get(threadId);
  }

  /** Remembers what a person saw or approved. */
  markShown(threadId: string, head: string): void {
    this.#shownHeads.set(threadId, head);
  }

  /** Opens all changed files of a thread in one editor. False when there is nothing to review. */
  async open(thread: Thread, signal: AbortSignal): Promise<boolean> {
    const diff = await this.#diff(thread.id, signal);
    this.markShown(thread.id, diff.head);
    if (diff.files.length === 0) return false;
    const review = { threadId: thread.id, title: this.#titleFor(thread) };
    this.#open.set(thread.id, review);
    const rows = reviewedFiles(thread, diff).map(({ name, base, current }) => [name, base, current]);
    await vscode.commands.executeCommand('vscode.changes', review.title, rows);
    // Else the next file that is opened takes the review's place.
    await vscode.commands.executeCommand('workbench.action.keepEditor');
    this.#showContext();
    return true;
  }

  /** Closes the review of a thread, if it is open. */
  async close(threadId: string): Promise<void> {
    const review = this.#open.get(threadId);
    if (!review) return;
    const tabs = vscode.window.tabGroups.all
      .flatMap(group => group.tabs)
      .filter(({ label }) => isTitleOf(label, review));
    await vscode.window.tabGroups.close(tabs);
  }

  /** Opens the diff of one changed file. */
  async openFile(thread: Thread, path: string, signal: AbortSignal): Promise<void> {
    const diff = await this.#diff(thread.id, signal);
    const changed = diff.files.find(file => file.path === path);
    const current = vscode.Uri.file(join(thread.worktree, path));
    if (!changed || (!changed.oldPath && (changed.status === 'added' || changed.status === 'untracked'))) {
      await vscode.window.showTextDocument(current, { preview: true });
      return;
    }
    const base = baseFileUri({ threadId: thread.id, path: changed.oldPath || path, base: diff.baseCommit });
    if (changed.status === 'deleted') {
      await vscode.window.showTextDocument(base, { preview: true });
      return;
    }
    const title = vscode.l10n.t('{0} ({1})', path, threadTitle(thread));
    await vscode.commands.executeCommand('vscode.diff', base, current, title, { preview: true });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  async #diff(threadId: string, signal: AbortSignal): Promise<DiffThreadResponse> {
    const client = await this.#host.client(signal);
    return client.threads.diffThread({ threadId, withPatch: false }, { signal });
  }

  /** Two threads may have the same task; their tabs are told apart by their labels. */
  #titleFor(thread: Thread): string {
    const title = vscode.l10n.t('Review: {0}', threadTitle(thread));
    for (const review of this.#open.values()) {
      if (review.threadId !== thread.id && review.title === title) return `${title} ${shortId(thread.id)}`;
    }
    return title;
  }

  #showContext(): void {
    const labels = vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ label }) => label));
    for (const [id, review] of this.#open) {
      if (!labels.some(label => isTitleOf(label, review))) this.#open.delete(id);
    }
    void vscode.commands.executeCommand('setContext', 'muster.reviewOpen', this.activeThreadId !== undefined);
  }
}

function isTitleOf(label: string, { title }: OpenReview): boolean {
  return label === title || label.startsWith(`${title} (`);
}

/** The two sides of each changed file. */
function reviewedFiles(thread: Thread, diff: DiffThreadResponse): readonly ReviewedFile[] {
  return diff.files.map(file => ({
    name: currentUri(thread, file),
    base: hasBase(file)
      ? baseFileUri({ threadId: thread.id, path: file.oldPath || file.path, base: diff.baseCommit })
      : undefined,
    current: file.status === 'deleted' ? undefined : currentUri(thread, file),
  }));
}

function currentUri(thread: Thread, file: ChangedFile): vscode.Uri {
  return vscode.Uri.file(join(thread.worktree, file.path));
}

function hasBase(file: ChangedFile): boolean {
  return file.status !== 'added' && file.status !== 'untracked';
}
