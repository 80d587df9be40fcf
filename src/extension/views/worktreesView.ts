import * as vscode from 'vscode';
import { errorMessage, isAppError } from '../../base/errors.js';
import { formatAge, formatBytes } from '../../protocol/displayFormat.js';
import type { Sandbox } from '../../protocol/gen/muster/v1/sandboxes_pb.js';
import type { ForeignWorktree, Worktree, WorktreeProcess } from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { createPlainTree, type PlainTree } from '../plain/trees.js';
import type { Services } from '../services.js';
import { folderSize } from '../threads/folderSize.js';
import { statusWord } from '../threads/threadText.js';
import { projectMark, threadTitle } from '../threads/threadTitles.js';
import { sandboxFacts, sandboxItem } from './sandboxItem.js';
import { isTroubled } from './threadNodes.js';

export interface WorktreeNode {
  readonly kind: 'worktree';
  readonly threadId: string;
  readonly worktree: Worktree;
  /** Where its agents work, when that is not this machine itself. */
  readonly sandboxes: readonly Sandbox[];
}

/** A container of an agent, under the worktree that is mounted in it. */
export interface SandboxNode {
  readonly kind: 'sandbox';
  readonly threadId: string;
  readonly sandbox: Sandbox;
}

/** A program that works in a worktree. */
export interface ProcessNode {
  readonly kind: 'process';
  readonly threadId: string;
  readonly process: WorktreeProcess;
}

/** A worktree that belongs to no thread. */
export interface ForeignNode {
  readonly kind: 'foreign';
  readonly worktree: ForeignWorktree;
}

type WorktreesRow = WorktreeNode | SandboxNode | ProcessNode | ForeignNode;

/** True for the row of a worktree that belongs to no thread. */
export function isForeignNode(value: unknown): value is ForeignNode {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'foreign';
}

/** True for what the tree hands to a command. */
export function isWorktreeNode(value: unknown): value is Exclude<WorktreesRow, ForeignNode> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'worktree' || value.kind === 'sandbox' || value.kind === 'process') &&
    'threadId' in value &&
    typeof value.threadId === 'string'
  );
}

/** True for the row of a container. */
export function isSandboxNode(value: unknown): value is SandboxNode {
  return isWorktreeNode(value) && value.kind === 'sandbox';
}

/** Counting commits and files costs git a moment per worktree, so changes are collected this long. */
const coalesceMs = 1000;

/** A size is good for this long: counting files is not free. */
const sizeMs = 5 * 60_000;

/** The Worktrees tree. It asks the host only while it can be seen. */
export class WorktreesView implements vscode.TreeDataProvider<WorktreesRow>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: PlainTree<WorktreesRow>;
  readonly #ended = new AbortController();
  readonly #subscriptions: readonly vscode.Disposable[];
  /** What each worktree took on disk, and when it was counted. */
  readonly #sizes = new Map<string, { readonly bytes: number; readonly at: number }>();
  #counting = false;
  #timer: NodeJS.Timeout | undefined;
  #outline = '';
  /** What is shown of the sandboxes of each thread that has some. */
  #shownSandboxes: ReadonlyMap<string, string> = new Map();
  /** Threads of which something was told since the last look. */
  readonly #told = new Set<string>();

  constructor(services: Services) {
    this.#services = services;
    this.#view = createPlainTree('muster.worktrees', { treeDataProvider: this });
    this.#subscriptions = [
      this.#view,
      this.#changed,
      services.host.onDidChange(({ threads }) => this.#schedule(threads)),
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

  async getChildren(node?: WorktreesRow): Promise<WorktreesRow[]> {
    if (node?.kind === 'worktree') {
      const { threadId, sandboxes, worktree } = node;
      return [
        ...sandboxes.map(sandbox => ({ kind: 'sandbox' as const, threadId, sandbox })),
        ...worktree.processes.map(process => ({ kind: 'process' as const, threadId, process })),
      ];
    }
    if (node || this.#services.host.state !== 'connected') return [];
    try {
      const client = await this.#services.host.client(this.#ended.signal);
      const { signal } = this.#ended;
      const [{ worktrees, others }, { sandboxes }] = await Promise.all([
        client.worktrees.listWorktrees({ others: true }, { signal }),
        client.sandboxes.listSandboxes({}, { signal }),
      ]);
      this.#view.message(undefined);
      const bySandboxes = Map.groupBy(sandboxes, ({ threadId }) => threadId);
      this.#shownSandboxes = new Map([...bySandboxes].map(([threadId, all]) => [threadId, outlineOf(all)]));
      const shown = worktrees.filter(({ threadId }) => this.#isShown(threadId));
      void this.#count(shown);
      const ours = shown.map(worktree => ({
        kind: 'worktree' as const,
        threadId: worktree.threadId,
        worktree,
        sandboxes: bySandboxes.get(worktree.threadId) ?? [],
      }));
      const inScope = new Set(this.#services.scope.projects().map(({ id }) => id));
      const foreign = others.filter(({ project }) => inScope.has(project));
      return [...ours, ...foreign.map(worktree => ({ kind: 'foreign' as const, worktree }))];
    } catch (error) {
      if (!isAppError(error, 'cancelled')) this.#view.message(errorMessage(error));
      return [];
    }
  }

  getTreeItem(row: WorktreesRow): vscode.TreeItem {
    if (row.kind === 'sandbox') return sandboxItem(row);
    if (row.kind === 'process') return processItem(row);
    if (row.kind === 'foreign') return foreignItem(row);
    const { threadId, worktree } = row;
    const thread = this.#services.host.threads.get(threadId);
    const { partName } = worktree;
    // Those of one thread have one branch name in all of its repositories.
    const name = `${worktree.branch.replace(/^muster\//, '')}${partName === '' ? '' : ` (${partName})`}`;
    const item = new vscode.TreeItem(name === '' ? threadId : name, foldOf(row));
    const facts = [
      thread ? projectMark(thread) : '',
      worktree.missing ? vscode.l10n.t('folder is gone') : '',
      worktree.ahead > 0 ? `↑${worktree.ahead}` : '',
      worktree.behind > 0 ? `↓${worktree.behind}` : '',
      worktree.changed > 0 ? vscode.l10n.t('{0} not committed', worktree.changed) : '',
      formatBytes(this.#sizes.get(worktree.path)?.bytes),
      worktree.port > 0 ? vscode.l10n.t('port {0}', worktree.port) : '',
      processCount(worktree.processes.length),
      worktree.usedAt > 0n ? formatAge(Number(worktree.usedAt), Date.now()) : '',
    ].filter(fact => fact !== '');
    item.id = `worktree:${threadId}/${partName}`;
    item.description = facts.join(' · ');
    item.contextValue = worktree.missing ? 'missing' : thread && isTroubled(thread) ? 'worktree troubled' : 'worktree';
    item.iconPath = new vscode.ThemeIcon(worktree.missing ? 'warning' : 'folder-library');
    item.tooltip = [worktree.path, thread ? `${threadTitle(thread)} · ${statusWord(thread)}` : ''].join('\n').trim();
    item.accessibilityInformation = {
      label: vscode.l10n.t(
        'Worktree {0}, commits ahead: {1}, behind: {2}, files not committed: {3}',
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

  /** What a container uses takes the engine a second to say: it is asked when somebody wants to know. */
  async resolveTreeItem(
    item: vscode.TreeItem,
    row: WorktreesRow,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    // One that waits for its cluster has more to tell than one that works.
    const isAsked = row.kind === 'sandbox' && (row.sandbox.state === 'running' || row.sandbox.phase !== '');
    if (!isAsked) return item;
    const asked = new AbortController();
    const { signal } = asked;
    const cancelled = token.onCancellationRequested(() => asked.abort());
    try {
      const client = await this.#services.host.client(signal);
      const { sandboxes } = await client.sandboxes.listSandboxes({ threadId: row.threadId, usage: true }, { signal });
      const now = sandboxes.find(({ id }) => id === row.sandbox.id);
      if (now) item.tooltip = sandboxFacts(now).join('\n');
    } catch (error) {
      if (!isAppError(error, 'cancelled'))
        item.tooltip = [...sandboxFacts(row.sandbox), errorMessage(error)].join('\n');
    } finally {
      cancelled.dispose();
    }
    return item;
  }

  dispose(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  /** One after the other, and only while somebody looks: agents need the disk more. */
  async #count(worktrees: readonly Worktree[]): Promise<void> {
    if (this.#counting) return;
    this.#counting = true;
    let counted = false;
    try {
      for (const { path, missing } of worktrees) {
        const known = this.#sizes.get(path);
        if (missing || !this.#view.visible || (known && Date.now() - known.at < sizeMs)) continue;
        this.#sizes.set(path, { bytes: await folderSize(path, this.#ended.signal), at: Date.now() });
        counted = true;
      }
    } catch (error) {
      if (!this.#ended.signal.aborted)
        this.#services.log.warn('A worktree could not be counted', { reason: errorMessage(error) });
    } finally {
      this.#counting = false;
    }
    if (counted && !this.#ended.signal.aborted) this.refresh();
  }

  #isShown(threadId: string): boolean {
    const thread = this.#services.host.threads.get(threadId);
    return thread ? this.#services.scope.includesThread(thread) : this.#services.scope.all;
  }

  #runsElsewhere(threadId: string): boolean {
    const { threads, projects } = this.#services.host;
    const thread = threads.get(threadId);
    const agent = thread && projects.get(thread.projectId)?.agents.find(({ name }) => name === thread.agent);
    return agent !== undefined && agent.driver !== 'process';
  }

  /** Only what changes a worktree, or what its agents run in, counts; not each line that an agent says. */
  #schedule(threads: readonly string[]): void {
    for (const id of threads) this.#told.add(id);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const told = [...this.#told];
      this.#told.clear();
      const outline = this.#services.scope
        .threads()
        .map(({ id, status, worktree, head }) => [id, status, worktree, head].join());
      const isSame = outline.join(';') === this.#outline;
      this.#outline = outline.join(';');
      if (!this.#view.visible) return;
      if (isSame) void this.#lookAtSandboxes(told);
      else this.refresh();
    }, coalesceMs);
  }

  /** A sandbox that waits, and then does not, changes nothing of its thread. */
  async #lookAtSandboxes(threads: readonly string[]): Promise<void> {
    const ids = threads.filter(id => this.#shownSandboxes.has(id) || this.#runsElsewhere(id));
    if (ids.length === 0) return;
    const { signal } = this.#ended;
    try {
      const client = await this.#services.host.client(signal);
      for (const threadId of ids) {
        const { sandboxes } = await client.sandboxes.listSandboxes({ threadId }, { signal });
        if (outlineOf(sandboxes) !== (this.#shownSandboxes.get(threadId) ?? outlineOf([]))) return this.refresh();
      }
    } catch (error) {
      if (!signal.aborted) this.#services.log.warn('Sandboxes could not be looked at', { reason: errorMessage(error) });
    }
  }
}

/** What is shown of them without anybody asking for more. */
function outlineOf(sandboxes: readonly Sandbox[]): string {
  return JSON.stringify(
    sandboxes.map(({ id, state, node, phase, progress, problem }) => [id, state, node, phase, progress, problem]),
  );
}

/** Containers are shown at once; processes, of which there may be many, when somebody asks. */
function foldOf({ sandboxes, worktree }: WorktreeNode): vscode.TreeItemCollapsibleState {
  const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  if (sandboxes.length > 0) return Expanded;
  return worktree.processes.length > 0 ? Collapsed : None;
}

function processCount(count: number): string {
  if (count === 0) return '';
  return count === 1 ? vscode.l10n.t('1 process') : vscode.l10n.t('{0} processes', count);
}

function processItem({ threadId, process: { pid, name, runId } }: ProcessNode): vscode.TreeItem {
  const item = new vscode.TreeItem(name);
  const starter = runId === '' ? '' : vscode.l10n.t('started by a run');
  item.id = `process:${threadId}:${pid}`;
  item.description = [String(pid), starter].filter(part => part !== '').join(' · ');
  item.contextValue = 'process';
  item.iconPath = new vscode.ThemeIcon('server-process');
  item.accessibilityInformation = { label: vscode.l10n.t('Process {0}, number {1}', name, pid) };
  return item;
}

function foreignItem({ worktree: { path, branch, problem } }: ForeignNode): vscode.TreeItem {
  const name = branch === '' ? path.slice(path.lastIndexOf('/') + 1) : branch;
  const item = new vscode.TreeItem(name);
  item.id = `foreign:${path}`;
  item.description = problem === '' ? vscode.l10n.t('made by others') : problem;
  item.contextValue = problem === '' ? 'foreign' : 'foreign-problem';
  item.iconPath = new vscode.ThemeIcon('repo-forked');
  item.tooltip = path;
  item.accessibilityInformation = { label: vscode.l10n.t('Worktree {0}, which belongs to no thread', name) };
  return item;
}
