import * as vscode from 'vscode';
import { errorMessage, isAppError } from '../../base/errors.js';
import type { Worktree } from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { createPlainTree, type PlainTree } from '../plain/trees.js';
import type { Services } from '../services.js';
import { statusWord, threadTitle } from '../threads/threadText.js';

export interface WorktreeNode {
  readonly kind: 'worktree';
  readonly threadId: string;
  readonly worktree: Worktree;
}

/** True for what the tree hands to a command. */
export function isWorktreeNode(value: unknown): value is WorktreeNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === 'worktree' &&
    'threadId' in value &&
    typeof value.threadId === 'string'
  );
}

/** Counting commits and files costs git a moment per worktree, so changes are collected this long. */
const coalesceMs = 1000;

/** The Worktrees tree. It asks the host only while it can be seen. */
export class WorktreesView implements vscode.TreeDataProvider<WorktreeNode>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: PlainTree<WorktreeNode>;
  readonly #ended = new AbortController();
  readonly #subscriptions: readonly vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;
  #outline = '';

  constructor(services: Services) {
    this.#services = services;
    this.#view = createPlainTree('muster.worktrees', { treeDataProvider: this });
    this.#subscriptions = [
      this.#view,
      this.#changed,
      services.host.onDidChange(() => this.#schedule()),
      services.host.onDidChangeState(() => this.refresh()),
      services.scope.onDidChange(() => this.refresh()),
      this.#view.onDidChangeVisibility(({ visible }) => {
        if (visible) this.refresh();
      }),
    ];
  }

  readonly onDidChangeTreeData = this.#changed.event;

  get onDidChangeVisibility(): vscode.Event<vscode.TreeViewVisibilityChangeEvent> {
    return this.#view.onDidChangeVisibility;
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(node?: WorktreeNode): Promise<WorktreeNode[]> {
    if (node || this.#services.host.state !== 'connected') return [];
    try {
      const client = await this.#services.host.client(this.#ended.signal);
      const { worktrees } = await client.worktrees.listWorktrees({}, { signal: this.#ended.signal });
      this.#view.message(undefined);
      return worktrees
        .filter(({ threadId }) => this.#isShown(threadId))
        .map(worktree => ({ kind: 'worktree', threadId: worktree.threadId, worktree }));
    } catch (error) {
      if (!isAppError(error, 'cancelled')) this.#view.message(errorMessage(error));
      return [];
    }
  }

  getTreeItem({ threadId, worktree }: WorktreeNode): vscode.TreeItem {
    const thread = this.#services.host.threads.get(threadId);
    const name = worktree.branch.replace(/^muster\//, '');
    const item = new vscode.TreeItem(name === '' ? threadId : name);
    const facts = [
      worktree.missing ? vscode.l10n.t('folder is gone') : '',
      worktree.ahead > 0 ? `↑${worktree.ahead}` : '',
      worktree.behind > 0 ? `↓${worktree.behind}` : '',
      worktree.changed > 0 ? vscode.l10n.t('{0} not committed', worktree.changed) : '',
    ].filter(fact => fact !== '');
    item.id = `worktree:${threadId}`;
    item.description = facts.join(' · ');
    item.contextValue = worktree.missing ? 'missing' : 'worktree';
    item.iconPath = new vscode.ThemeIcon(worktree.missing ? 'warning' : 'folder-library');
    item.tooltip = [worktree.path, thread ? `${threadTitle(thread)} · ${statusWord(thread)}` : ''].join('\n').trim();
    item.accessibilityInformation = {
      label: vscode.l10n.t(
        'Worktree {0}, {1} commits ahead, {2} behind, {3} files not committed',
        name,
        worktree.ahead,
        worktree.behind,
        worktree.changed,
      ),
    };
    if (thread) {
      item.command = { command: 'muster.openThread', title: vscode.l10n.t('Open Thread'), arguments: [threadId] };
    }
    return item;
  }

  dispose(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  #isShown(threadId: string): boolean {
    const thread = this.#services.host.threads.get(threadId);
    return thread ? this.#services.scope.includesThread(thread) : this.#services.scope.all;
  }

  /** Only what changes a worktree counts, not each line that an agent says. */
  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const outline = this.#services.scope
        .threads()
        .map(({ id, status, worktree, head }) => [id, status, worktree, head].join());
      if (outline.join(';') === this.#outline) return;
      this.#outline = outline.join(';');
      if (this.#view.visible) this.refresh();
    }, coalesceMs);
  }
}
