import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { createPlainTree, type PlainTree } from '../plain/trees.js';
import { Unseen } from '../notifications/unseen.js';
import type { Services } from '../services.js';
import { projectTitle } from '../threads/threadTitles.js';
import { QueueDrag } from './queueDrag.js';
import {
  groupThreads,
  matchesQuery,
  threadsNeedingYou,
  type Grouping,
  type ThreadSection,
} from '../threads/threadGroups.js';
import {
  addThreadTooltip,
  guestItem,
  hasGuestServer,
  hostItem,
  moreItem,
  sectionItem,
  threadItem,
  type HostNode,
  type MoreNode,
  type SectionNode,
  type ThreadNode,
  type ThreadsNode,
} from './threadNodes.js';

const hostNode: HostNode = { kind: 'host' };
const groupingKey = 'threadGrouping';
/** Changes are collected this long: 200 lines a second of several agents make 10 redraws a second. */
const coalesceMs = 100;
/** A row without its number of kernels is better than none. */
const countMs = 2_000;
/** How often relative times are renewed. */
const tickMs = 30_000;

/** The Threads tree: sections in the order of urgency, live. */
export class ThreadsView implements vscode.TreeDataProvider<ThreadsNode>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<ThreadsNode | ThreadsNode[] | undefined>();
  readonly #view: PlainTree<ThreadsNode>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #finished = new Unseen({ firstIsNews: false });
  readonly #nodes = new Map<string, ThreadNode>();
  readonly #sectionNodes = new Map<string, SectionNode>();
  readonly #stale = new Set<string>();
  /** What each row shows; a row that would look the same is left alone. */
  readonly #shown = new Map<string, string>();
  #sections: readonly ThreadSection[] = [];
  #timer: NodeJS.Timeout | undefined;
  #updatedAt = 0;
  /** The rows name their projects, by these names. */
  #several = false;
  #projectNames = '';
  #grouping: Grouping;
  #query = '';
  #showAllDone = false;

  constructor(services: Services) {
    this.#services = services;
    this.#several = services.scope.projects().length > 1;
    this.#grouping = services.context.workspaceState.get<unknown>(groupingKey) === 'agent' ? 'agent' : 'state';
    this.#sections = this.#group();
    this.#view = createPlainTree('muster.threads', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
      dragAndDropController: new QueueDrag(services),
    });
    const tick = setInterval(() => this.#tick(), tickMs);
    this.#subscriptions = [
      this.#view,
      this.#changed,
      services.host.onDidChange(({ threads }) => this.#schedule(threads)),
      services.host.onDidChangeState(() => this.#redraw()),
      services.scope.onDidChange(() => this.#schedule([])),
      services.muted.onDidChange(id => this.#schedule([id])),
      this.#view.onDidChangeVisibility(({ visible }) => {
        if (visible) this.#tick();
        this.#showBadge();
      }),
      { dispose: () => clearInterval(tick) },
    ];
    this.#showBadge();
  }

  readonly onDidChangeTreeData = this.#changed.event;

  get onDidChangeVisibility(): vscode.Event<vscode.TreeViewVisibilityChangeEvent> {
    return this.#view.onDidChangeVisibility;
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  /** The row that was selected first. */
  get selectedThread(): Thread | undefined {
    const [node] = this.#view.selection;
    return node?.kind === 'thread' ? this.#services.host.threads.get(node.threadId) : undefined;
  }

  /** How many threads need a person, and how many are news, as the activity bar shows it. */
  get badge(): vscode.ViewBadge | undefined {
    return this.#view.badge;
  }

  get grouping(): Grouping {
    return this.#grouping;
  }

  get query(): string {
    return this.#query;
  }

  async setGrouping(grouping: Grouping): Promise<void> {
    this.#grouping = grouping;
    this.#redraw();
    await this.#services.context.workspaceState.update(groupingKey, grouping);
  }

  async setQuery(query: string): Promise<void> {
    this.#query = query.trim();
    this.#redraw();
    await vscode.commands.executeCommand('setContext', 'muster.threadsFiltered', this.#query !== '');
  }

  showAllDone(): void {
    this.#showAllDone = true;
    this.#redraw();
  }

  async reveal(threadId: string): Promise<void> {
    const node = this.#nodes.get(threadId);
    if (node) await this.#view.reveal(node, { select: true, focus: false });
  }

  getChildren(node?: ThreadsNode): ThreadsNode[] {
    if (!node) {
      const sections = this.#sections.map(({ key }) => this.#sectionNode(key));
      return this.#isDown && sections.length > 0 ? [hostNode, ...sections] : sections;
    }
    if (node.kind === 'thread') {
      const thread = this.#services.host.threads.get(node.threadId);
      return thread && hasGuestServer(thread) ? [{ kind: 'guest', threadId: thread.id, parent: node }] : [];
    }
    if (node.kind !== 'section') return [];
    const section = this.#sections.find(({ key }) => key === node.key);
    if (!section) return [];
    const more: readonly MoreNode[] = section.hidden > 0 ? [{ kind: 'more', section: node }] : [];
    return [...section.threads.map(thread => this.#threadNode(thread.id, node)), ...more];
  }

  getParent(node: ThreadsNode): ThreadsNode | undefined {
    if (node.kind === 'guest') return node.parent;
    return 'section' in node ? node.section : undefined;
  }

  getTreeItem(node: ThreadsNode): vscode.TreeItem | Promise<vscode.TreeItem> {
    if (node.kind === 'thread') {
      const item = this.#threadItem(node.threadId);
      this.#shown.set(node.threadId, appearance(item));
      return item;
    }
    if (node.kind === 'host') return hostItem();
    if (node.kind === 'guest') return this.#guestItem(node.threadId);
    const section = this.#sections.find(({ key }) => key === (node.kind === 'more' ? node.section.key : node.key));
    if (!section) return new vscode.TreeItem('');
    return node.kind === 'more' ? moreItem(section.hidden) : sectionItem(section);
  }

  resolveTreeItem(item: vscode.TreeItem, node: ThreadsNode): vscode.TreeItem {
    const thread = node.kind === 'thread' ? this.#services.host.threads.get(node.threadId) : undefined;
    return thread ? addThreadTooltip(item, thread) : item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  get #isDown(): boolean {
    const { state } = this.#services.host;
    return state === 'stopped' || state === 'failed';
  }

  #threadItem(threadId: string): vscode.TreeItem {
    const thread = this.#services.host.threads.get(threadId);
    if (!thread) return new vscode.TreeItem(threadId);
    const muted = this.#services.muted.has(threadId);
    const withState = this.#grouping !== 'state';
    return threadItem(thread, { now: Date.now(), muted, withState, withProject: this.#several });
  }

  async #guestItem(threadId: string): Promise<vscode.TreeItem> {
    const { host } = this.#services;
    const listed = host.threads.get(threadId)?.notebookServer;
    // A row that is looked at starts no host.
    if (host.state !== 'connected') return guestItem(threadId, listed);
    const signal = AbortSignal.timeout(countMs);
    try {
      const { server } = await (await host.client(signal)).notebooks.getNotebookServer({ threadId }, { signal });
      return guestItem(threadId, server ?? listed);
    } catch {
      // The host is away or slow: what is listed has everything but the kernels.
      return guestItem(threadId, listed);
    }
  }

  #looksDifferent(threadId: string): boolean {
    const shown = this.#shown.get(threadId);
    return shown !== undefined && shown !== appearance(this.#threadItem(threadId));
  }

  #group(): readonly ThreadSection[] {
    const all = this.#services.scope.threads();
    const threads = this.#query === '' ? all : all.filter(thread => matchesQuery(thread, this.#query));
    return groupThreads(threads, { grouping: this.#grouping, now: Date.now(), showAllDone: this.#showAllDone });
  }

  #schedule(threadIds: readonly string[]): void {
    for (const id of threadIds) this.#stale.add(id);
    if (this.#timer !== undefined) return;
    // The first change after a silence is shown at once: it is what somebody has just done.
    const sinceMs = performance.now() - this.#updatedAt;
    if (sinceMs >= coalesceMs) this.#update();
    else this.#timer = setTimeout(() => this.#update(), coalesceMs - sinceMs);
  }

  /** Redraws the changed rows alone while every row stays where it is. */
  #update(): void {
    this.#timer = undefined;
    this.#updatedAt = performance.now();
    const before = this.#sections;
    this.#sections = this.#group();
    this.#countProjects();
    const stale = [...this.#stale].filter(id => this.#looksDifferent(id)).map(id => this.#nodes.get(id));
    this.#stale.clear();
    if (outline(before) !== outline(this.#sections)) this.#changed.fire(undefined);
    else if (stale.length > 0) this.#changed.fire(stale.filter(node => node !== undefined));
    this.#showBadge();
    this.#showMessage();
  }

  /** When a second project comes, all rows name theirs; when one is called otherwise, they do as well. */
  #countProjects(): void {
    const projects = this.#services.scope.projects();
    const several = projects.length > 1;
    const names = projects.map(projectTitle).join('\n');
    if (several !== this.#several || names !== this.#projectNames)
      for (const id of this.#nodes.keys()) this.#stale.add(id);
    this.#several = several;
    this.#projectNames = names;
  }

  #redraw(): void {
    this.#sections = this.#group();
    this.#changed.fire(undefined);
    this.#showMessage();
  }

  #tick(): void {
    if (!this.#view.visible) return;
    const different = [...this.#nodes.values()].filter(({ threadId }) => this.#looksDifferent(threadId));
    if (different.length > 0) this.#changed.fire(different);
  }

  /** What is listed stays while the host is away, and says so; an empty list has its welcome view. */
  #showMessage(): void {
    const { state, startError } = this.#services.host;
    const isDown = this.#sections.length > 0 && this.#isDown;
    const parts = [
      state === 'failed' ? vscode.l10n.t('The host could not be started: {0}', errorMessage(startError)) : '',
      isDown
        ? vscode.l10n.t('The host is not running: this is what was known last. Agents that were at work go on.')
        : '',
      this.#query === '' ? '' : vscode.l10n.t('Only threads with "{0}"', this.#query),
    ];
    this.#view.message(parts.filter(part => part !== '').join(' '));
  }

  #showBadge(): void {
    const threads = this.#services.scope.threads();
    const needy = threadsNeedingYou(threads).length;
    const finished = this.#countFinished(threads);
    const tooltip = [
      needy === 0
        ? ''
        : needy === 1
          ? vscode.l10n.t('1 thread needs you')
          : vscode.l10n.t('{0} threads need you', needy),
      finished === 0 ? '' : vscode.l10n.t('done since you looked: {0}', finished),
    ].filter(part => part !== '');
    const value = needy + finished;
    this.#view.badge = value === 0 ? undefined : { value, tooltip: tooltip.join(', ') };
  }

  /** Threads whose work was done while nobody saw the list. What an earlier window had listed is no news. */
  #countFinished(threads: readonly Thread[]): number {
    if (this.#services.host.state !== 'connected') return 0;
    const ready = threads.filter(({ status }) => status === 'ready').map(({ id }) => id);
    return this.#finished.look(ready, { listed: this.#view.visible });
  }

  #sectionNode(key: string): SectionNode {
    const known = this.#sectionNodes.get(key);
    if (known) return known;
    const node: SectionNode = { kind: 'section', key };
    this.#sectionNodes.set(key, node);
    return node;
  }

  #threadNode(threadId: string, section: SectionNode): ThreadNode {
    const known = this.#nodes.get(threadId);
    if (known?.section === section) return known;
    const node: ThreadNode = { kind: 'thread', threadId, section };
    this.#nodes.set(threadId, node);
    return node;
  }
}

/** Everything of a row that can be seen or decides on its menu. */
function appearance({ label, description, contextValue, iconPath, collapsibleState }: vscode.TreeItem): string {
  return JSON.stringify([label, description, contextValue, iconPath, collapsibleState]);
}

function outline(sections: readonly ThreadSection[]): string {
  return sections.map(({ key, threads, hidden }) => `${key}+${hidden}:${threads.map(({ id }) => id).join()}`).join(';');
}
