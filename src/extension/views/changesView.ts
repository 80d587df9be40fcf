import { basename, dirname } from 'node:path/posix';
import * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';
import { formatCost, formatDuration, formatLineChanges } from '../../protocol/displayFormat.js';
import type { FileChange, Hunk } from '../../protocol/gen/muster/v1/reviews_pb.js';
import type { TestRun } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { modeChange } from '../../protocol/webview/modeChange.js';
import { testRunText } from '../../protocol/webview/testRunText.js';
import { toTestRunView } from '../../protocol/webview/threadView.js';
import { webviewStrings } from '../../protocol/webview/webviewStrings.js';
import { createPlainTree, type PlainTree } from '../plain/trees.js';
import { lineOf, type ReviewedChanges } from '../review/reviewedChanges.js';
import { threadOfTab } from '../review/reviewTabs.js';
import type { Services } from '../services.js';
import { changesText } from '../threads/threadText.js';
import { threadTitle } from '../threads/threadTitles.js';
import { reportError } from '../commands/reportError.js';

/** A row of the Changes tree. */
export type ChangesNode = FileNode | HunkNode;

/** Above the files: what was asked, what came of it, what it cost. */
interface SummaryNode {
  readonly kind: 'summary';
  readonly label: string;
  readonly text: string;
  readonly icon: string;
  /** A click on it asks this thread for changes. */
  readonly sends?: string;
}

type Row = ChangesNode | SummaryNode;

export interface FileNode {
  readonly kind: 'changedFile';
  readonly path: string;
}

export interface HunkNode {
  readonly kind: 'hunk';
  readonly path: string;
  readonly key: string;
}

/** True for what the tree hands to a command. */
export function isChangesNode(value: unknown): value is ChangesNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'changedFile' || value.kind === 'hunk') &&
    'path' in value &&
    typeof value.path === 'string'
  );
}

const { Checked, Unchecked } = vscode.TreeItemCheckboxState;
const { Collapsed, None } = vscode.TreeItemCollapsibleState;

/** The Changes tree: the files of the review in front, their hunks, and which of them were looked at. */
export class ChangesView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #services: Services;
  readonly #changes: ReviewedChanges;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: PlainTree<Row>;
  readonly #subscriptions: readonly { dispose(): void | Promise<void> }[];
  /** The same row is the same object for as long as it is shown. */
  readonly #nodes = new Map<string, ChangesNode>();

  constructor(services: Services) {
    this.#services = services;
    this.#changes = services.changes;
    this.#view = createPlainTree('muster.changes', {
      treeDataProvider: this,
      showCollapseAll: true,
      manageCheckboxStateManually: true,
    });
    this.#subscriptions = [
      this.#view,
      this.#changed,
      services.changes.onDidChange(() => this.#draw()),
      this.#view.onDidChangeCheckbox(items => void this.#check(items)),
      vscode.window.tabGroups.onDidChangeTabs(() => this.#follow()),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.#follow()),
    ];
    this.#follow();
  }

  readonly onDidChangeTreeData = this.#changed.event;

  getChildren(node?: Row): Row[] {
    if (node === undefined) return [...this.#summary(), ...this.files()];
    return node.kind === 'changedFile' ? this.hunks(node) : [];
  }

  files(): readonly ChangesNode[] {
    return this.#changes.shown.map(({ file }) => this.#node(file?.path ?? ''));
  }

  hunks(node: ChangesNode): ChangesNode[] {
    if (node.kind === 'hunk') return [];
    const hunks = this.#find(node.path)?.hunks ?? [];
    return hunks.length < 2 ? [] : hunks.map(({ key }) => this.#node(node.path, key));
  }

  getParent(node: Row): Row | undefined {
    return node.kind === 'hunk' ? this.#node(node.path) : undefined;
  }

  getTreeItem(node: Row): vscode.TreeItem {
    if (node.kind === 'summary') return summaryItem(node);
    const change = this.#find(node.path);
    if (!change) return new vscode.TreeItem('');
    if (node.kind === 'changedFile') return fileItem(node, change);
    const hunk = change.hunks.find(({ key }) => key === node.key);
    return hunk ? hunkItem(node, hunk) : new vscode.TreeItem('');
  }

  dispose(): void {
    for (const each of this.#subscriptions) void each.dispose();
  }

  /** The review in front; one that was closed is shown no more. */
  #follow(): void {
    const { all, activeTabGroup } = vscode.window.tabGroups;
    const front = threadOfTab(activeTabGroup.activeTab);
    const shown = this.#changes.thread?.id;
    const open = all.flatMap(({ tabs }) => tabs.map(threadOfTab));
    void vscode.commands.executeCommand(
      'setContext',
      'muster.reviewing',
      open.some(id => id !== undefined),
    );
    if (front !== undefined && front !== shown) {
      this.#changes.show(front).catch((error: unknown) => reportError(error, this.#services.log));
    } else if (shown !== undefined && !open.includes(shown)) this.#changes.close();
  }

  #draw(): void {
    const { thread, files, earlier } = this.#changes;
    const seen = files.filter(isReviewed).length;
    this.#view.description(thread ? threadTitle(thread) : '');
    const progress =
      files.length === 1
        ? vscode.l10n.t('{0} of 1 file reviewed', seen)
        : vscode.l10n.t('{0} of {1} files reviewed', seen, files.length);
    const since = earlier === '' ? '' : vscode.l10n.t('What changed since you last looked');
    const empty = vscode.l10n.t('Nothing has changed.');
    const { filter } = this.#changes;
    const only = filter === '' ? '' : vscode.l10n.t('only "{0}"', filter);
    void vscode.commands.executeCommand('setContext', 'muster.changesFiltered', filter !== '');
    void vscode.commands.executeCommand('setContext', 'muster.reviewMerged', thread?.status === 'merged');
    const staged = stagedText(files.flatMap(({ hunks }) => hunks));
    void vscode.commands.executeCommand('setContext', 'muster.changesStaged', staged !== '');
    const words = files.length === 0 ? [since, empty] : [since, progress, staged, only];
    this.#view.message(thread ? words.filter(word => word !== '').join(' · ') : '');
    this.#changed.fire(undefined);
  }

  #summary(): readonly SummaryNode[] {
    const { thread } = this.#changes;
    return thread === undefined ? [] : summaryOf(thread);
  }

  async #check(items: readonly (readonly [Row, vscode.TreeItemCheckboxState])[]): Promise<void> {
    const { signal } = new AbortController();
    try {
      for (const [node, state] of items) {
        if (node.kind === 'summary') continue;
        await this.#changes.setReviewed(this.hunksOf(node), state === Checked, signal);
      }
    } catch (error) {
      await reportError(error, this.#services.log);
    }
  }

  /** What a row stands for. */
  hunksOf(node: ChangesNode): readonly Hunk[] {
    const hunks = this.#find(node.path)?.hunks ?? [];
    return node.kind === 'hunk' ? hunks.filter(({ key }) => key === node.key) : hunks;
  }

  #find(path: string): FileChange | undefined {
    return this.#changes.files.find(({ file }) => file?.path === path);
  }

  #node(path: string, key?: string): ChangesNode {
    const id = JSON.stringify([path, key]);
    const node: ChangesNode =
      this.#nodes.get(id) ?? (key === undefined ? { kind: 'changedFile', path } : { kind: 'hunk', path, key });
    this.#nodes.set(id, node);
    return node;
  }
}

function isReviewed({ hunks }: FileChange): boolean {
  return hunks.every(({ reviewed }) => reviewed);
}

const letters: Readonly<Record<string, string>> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  untracked: 'A',
  type_changed: 'T',
};

/** What was asked, what the agent says it did, what has become of it, what it took. */
function summaryOf(thread: Thread): readonly SummaryNode[] {
  const run = thread.latestRun;
  const took =
    run && run.startedAt > 0n && run.endedAt > 0n
      ? `${vscode.l10n.t('last run of {0}:', run.agent)} ${formatDuration(Number(run.endedAt - run.startedAt))}`
      : '';
  const spent = [changesText(thread), took, formatCost(thread.costUsd)].filter(part => part !== '').join(' · ');
  const comments = [
    thread.draftComments > 0 ? vscode.l10n.t('{0} not sent: send by “Request Changes”', thread.draftComments) : '',
    thread.openComments > 0 ? vscode.l10n.t('{0} open', thread.openComments) : '',
  ]
    .filter(part => part !== '')
    .join(' · ');
  const rows: readonly SummaryNode[] = [
    { kind: 'summary', label: vscode.l10n.t('Asked'), text: thread.summary, icon: 'comment' },
    {
      kind: 'summary',
      label: vscode.l10n.t('{0} says', run?.agent ?? thread.agent),
      text: lastStates(run?.answer ?? ''),
      icon: 'robot',
    },
    { kind: 'summary', label: vscode.l10n.t('Result'), text: spent, icon: 'diff' },
    {
      kind: 'summary',
      label: vscode.l10n.t('Tests that {0} ran itself', run?.agent ?? thread.agent),
      text: (run?.tests ?? []).map(test => testText(test)).join('\n'),
      icon: 'beaker',
    },
    { kind: 'summary', label: vscode.l10n.t('Merge'), text: mergeText(thread), icon: 'git-merge' },
    {
      kind: 'summary',
      label: vscode.l10n.t('Comments'),
      text: comments,
      icon: 'comment-discussion',
      ...(thread.draftComments > 0 && thread.outcome === 'open' && { sends: thread.id }),
    },
  ];
  return rows.filter(({ text }) => text.trim() !== '');
}

/** What the CLI of the agent told: nobody has verified it. */
function testText(test: TestRun): string {
  return testRunText(toTestRunView(test), (word, ...values) => vscode.l10n.t(webviewStrings[word], ...values));
}

/** What the last merge came to, and with it the tests that `merge.verify` ran. */
function mergeText({ latestMerge }: Thread): string {
  if (!latestMerge) return '';
  const { target, message, undone } = latestMerge;
  if (undone !== '') return vscode.l10n.t('undone ({0})', target);
  const { status } = latestMerge;
  return [`${status} (${target})`, message.split('\n', 1)[0] ?? ''].filter(part => part !== '').join(' · ');
}

/** Progress that was written over itself: what a terminal shows in the end. */
function lastStates(text: string): string {
  const lines = text.split('\n');
  return lines.map(line => line.slice(line.lastIndexOf('\r', line.length - 2) + 1)).join('\n');
}

function summaryItem({ label, text, icon, sends }: SummaryNode): vscode.TreeItem {
  const item = new vscode.TreeItem(label, None);
  item.description = text.replace(/\s+/g, ' ').trim().slice(0, 300);
  item.tooltip = text;
  item.iconPath = new vscode.ThemeIcon(icon);
  item.contextValue = 'summary';
  if (sends !== undefined)
    item.command = { command: 'muster.requestChanges', title: vscode.l10n.t('Request Changes'), arguments: [sends] };
  return item;
}

/** `greet.js  src · M · +3 −1`, with the icon of its kind. */
function fileItem({ path }: FileNode, change: FileChange): vscode.TreeItem {
  const { file, hunks } = change;
  const item = new vscode.TreeItem(basename(path), hunks.length < 2 ? None : Collapsed);
  const folder = dirname(path);
  const counts = file?.binary ? vscode.l10n.t('binary') : formatLineChanges(file?.additions ?? 0, file?.deletions ?? 0);
  const mode = file && modeChange(file);
  const modeWord = mode === undefined ? '' : vscode.l10n.t(webviewStrings[`mode.${mode}`]);
  const from = file !== undefined && file.oldPath !== '' ? vscode.l10n.t('from {0}', file.oldPath) : '';
  const kind = ownValue(letters, file?.status ?? '') ?? '';
  const facts = [folder === '.' ? '' : folder, kind, from, modeWord, counts, stagedText(hunks)];
  item.id = `file:${path}`;
  item.description = facts.filter(part => part !== '').join(' · ');
  item.iconPath = vscode.ThemeIcon.File;
  // For the icon of the kind of file; not the file itself, which git's decorations would colour.
  item.resourceUri = vscode.Uri.from({ scheme: 'muster-change', path: `/${path}` });
  item.tooltip = path;
  item.contextValue = ['changedFile', ...stages(hunks)].join(' ');
  item.checkboxState = checkbox(isReviewed(change), path);
  item.accessibilityInformation = { label: `${path}, ${item.description}` };
  item.command = {
    command: 'muster.openChange',
    title: vscode.l10n.t('Open Changes'),
    arguments: [{ kind: 'changedFile', path }],
  };
  return item;
}

/** `12  + return total;  +1 −1` */
function hunkItem(node: HunkNode, hunk: Hunk): vscode.TreeItem {
  const text = hunk.firstLine.slice(1).trim();
  const item = new vscode.TreeItem(vscode.l10n.t('Line {0}', lineOf(hunk)), None);
  item.id = `hunk:${node.key}`;
  const facts = [formatLineChanges(hunk.newLines, hunk.oldLines), stagedText([hunk]), text];
  item.description = facts.filter(part => part !== '').join(' · ');
  item.contextValue = ['hunk', ...stages([hunk])].join(' ');
  item.checkboxState = checkbox(hunk.reviewed, item.description);
  item.command = { command: 'muster.openChange', title: vscode.l10n.t('Open Changes'), arguments: [node] };
  return item;
}

/** `staged`, `2 of 3 staged`, or nothing. */
function stagedText(hunks: readonly Hunk[]): string {
  const staged = hunks.filter(hunk => hunk.staged).length;
  if (staged === 0) return '';
  return staged === hunks.length ? vscode.l10n.t('staged') : vscode.l10n.t('{0} of {1} staged', staged, hunks.length);
}

/** What menus ask of a row: whether some of it is staged, and some is not. */
function stages(hunks: readonly Hunk[]): readonly string[] {
  const staged = hunks.filter(hunk => hunk.staged).length;
  return [...(staged > 0 ? ['staged'] : []), ...(staged < hunks.length ? ['unstaged'] : [])];
}

function checkbox(reviewed: boolean, what: string): vscode.TreeItem['checkboxState'] {
  return {
    state: reviewed ? Checked : Unchecked,
    tooltip: reviewed ? vscode.l10n.t('Reviewed') : vscode.l10n.t('Not reviewed'),
    accessibilityInformation: {
      label: reviewed ? vscode.l10n.t('{0}, reviewed', what) : vscode.l10n.t('{0}, not reviewed', what),
      role: 'checkbox',
    },
  };
}
