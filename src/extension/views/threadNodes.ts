import * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';
import { formatAge } from '../../protocol/displayFormat.js';
import type { NotebookServer } from '../../protocol/gen/muster/v1/notebooks_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { parseThreadStatus, threadGroups, threadIcon, type ThreadGroup } from '../../protocol/threadDisplay.js';
import { offeredActions } from '../../protocol/webview/threadActions.js';
import { threadNeed } from '../../protocol/webview/threadNeeds.js';
import { toThreadView } from '../../protocol/webview/threadView.js';
import type { ThreadSection } from '../threads/threadGroups.js';
import {
  groupWord,
  statusWord,
  threadAccessibleText,
  threadDescription,
  threadTooltip,
  threadSigns,
} from '../threads/threadText.js';
import { shortTitle } from '../threads/threadTitles.js';

/** A row of the Threads tree. The same row keeps the same object for as long as it is shown. */
export type ThreadsNode = HostNode | SectionNode | ThreadNode | GuestNode | MoreNode;

/** Stands above everything while no host runs; a click starts one. */
export interface HostNode {
  readonly kind: 'host';
}

export interface SectionNode {
  readonly kind: 'section';
  readonly key: string;
}

export interface ThreadNode {
  readonly kind: 'thread';
  readonly threadId: string;
  readonly section: SectionNode;
}

/** The notebook server of a thread, below it. */
export interface GuestNode {
  readonly kind: 'guest';
  readonly threadId: string;
  readonly parent: ThreadNode;
}

export interface MoreNode {
  readonly kind: 'more';
  readonly section: SectionNode;
}

/** True for what the tree hands to a command on a thread: its row, or the row of its notebook server. */
export function isThreadNode(value: unknown): value is ThreadNode | GuestNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'thread' || value.kind === 'guest') &&
    'threadId' in value &&
    typeof value.threadId === 'string'
  );
}

export function hostItem(): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Start Host'));
  item.description = vscode.l10n.t('it is not running');
  item.iconPath = new vscode.ThemeIcon('debug-disconnect');
  item.command = { command: 'muster.startHost', title: vscode.l10n.t('Start Host') };
  return item;
}

export function sectionItem(section: ThreadSection): vscode.TreeItem {
  const title = sectionTitle(section);
  const count = section.threads.length;
  const collapsed = section.key === 'done' || count === 0;
  const item = new vscode.TreeItem(
    title,
    collapsed ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.Expanded,
  );
  item.id = `section:${section.key}`;
  item.description = String(count);
  item.contextValue = 'section';
  item.accessibilityInformation = {
    label: count === 1 ? vscode.l10n.t('{0}, 1 thread', title) : vscode.l10n.t('{0}, {1} threads', title, count),
  };
  return item;
}

function sectionTitle({ key, agent }: ThreadSection): string {
  return isGroup(key) ? groupWord(key) : (agent ?? key);
}

function isGroup(key: string): key is ThreadGroup {
  return threadGroups.some(group => group === key);
}

export function moreItem(hidden: number): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Show more'));
  item.description = vscode.l10n.t('{0} older', hidden);
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.command = { command: 'muster.showMoreDone', title: vscode.l10n.t('Show more') };
  return item;
}

export interface ThreadItemOptions {
  readonly now: number;
  readonly muted: boolean;
  /** Show the state's word, because the heading above does not say it. */
  readonly withState: boolean;
  /** Name the project, because the window has several. */
  readonly withProject: boolean;
}

export function threadItem(thread: Thread, { now, muted, withState, withProject }: ThreadItemOptions): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(shortTitle(thread), hasGuestServer(thread) ? Collapsed : None);
  item.id = `thread:${thread.id}`;
  const description = threadDescription(thread, now, { withProject });
  item.description = withState ? `${statusWord(thread)} · ${description}` : description;
  item.iconPath = threadThemeIcon(thread);
  item.contextValue = threadContext(thread, muted);
  item.accessibilityInformation = { label: threadAccessibleText(thread, now, { withProject }) };
  // Without arguments: VS Code drops those of a row when the row is renewed, and a click in that moment would do nothing.
  item.command = { command: 'muster.openSelectedThread', title: vscode.l10n.t('Open Thread') };
  return item;
}

/** True while a notebook server of the thread may be alive. */
export function hasGuestServer({ notebookServer }: Thread): boolean {
  return notebookServer?.state === 'starting' || notebookServer?.state === 'ready';
}

/** `counted`: the server as it is now, with its kernels. */
export function guestItem(threadId: string, counted: NotebookServer | undefined): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Notebooks'));
  const words = guestWords(counted, Date.now());
  item.id = `guest:${threadId}`;
  item.description = words;
  item.contextValue = 'guest';
  item.iconPath = new vscode.ThemeIcon(counted?.state === 'starting' ? 'loading~spin' : 'notebook');
  item.accessibilityInformation = { label: vscode.l10n.t('Notebook server, {0}', words) };
  return item;
}

function guestWords(server: NotebookServer | undefined, now: number): string {
  if (server?.state !== 'ready') return server?.state === 'starting' ? vscode.l10n.t('starting') : '';
  const { kernels, lastActivity } = server;
  if (kernels === undefined) return vscode.l10n.t('ready');
  const counted = kernels === 1 ? vscode.l10n.t('1 kernel') : vscode.l10n.t('{0} kernels', kernels);
  const since = lastActivity === 0n ? '' : vscode.l10n.t('last used {0}', formatAge(Number(lastActivity), now));
  return [vscode.l10n.t('ready'), counted, since].filter(word => word !== '').join(' · ');
}

/** Set when the row is hovered: the tooltip is the expensive part of a row. */
export function addThreadTooltip(item: vscode.TreeItem, thread: Thread): vscode.TreeItem {
  item.tooltip = threadTooltip(thread, Date.now());
  return item;
}

const colors: Readonly<Record<string, string>> = {
  'bell-dot': 'notificationsWarningIcon.foreground',
  'error': 'notificationsErrorIcon.foreground',
  'git-pull-request': 'charts.green',
  'warning': 'list.warningForeground',
};

export function threadThemeIcon(thread: Thread): vscode.ThemeIcon {
  const icon = threadIcon(parseThreadStatus(thread.status), threadSigns(thread));
  const color = ownValue(colors, icon);
  return new vscode.ThemeIcon(
    icon === 'loading' ? 'loading~spin' : icon,
    color ? new vscode.ThemeColor(color) : undefined,
  );
}

/** True when its worktree is no longer what was made, and can be repaired. */
export function isTroubled({ trouble }: Thread): boolean {
  return trouble === 'replaced' || trouble === 'missing';
}

/** True when the last run ended badly and the thread is still open. */
export function canRetry(thread: Thread): boolean {
  return (
    thread.outcome === 'open' &&
    thread.handMerge === '' &&
    ['failed', 'timed_out', 'lost', 'cancelled'].includes(thread.latestRun?.status ?? '')
  );
}

/** Words that the menus' `when` clauses look for, each with what it stands for. */
const contextWords: Readonly<Record<string, (thread: Thread) => boolean>> = {
  worktree: ({ worktree }) => worktree !== '',
  branch: ({ branch }) => branch !== '',
  rescue: ({ rescue, worktree }) => rescue !== '' && worktree === '',
  // What runs did to the person's repository is among its notes, with the command that undoes it.
  altered: ({ notes }) => notes.some(note => note.includes('`muster worktrees put-back ')),
  troubled: isTroubled,
  // The name that a task for several agents is given under.
  attempt: ({ batch, outcome }) => batch.startsWith('best-of-') && outcome === 'open',
  waiting: ({ latestRun }) => latestRun?.status === 'waiting',
  notebooks: hasGuestServer,
  retryable: canRetry,
  unpushed: ({ latestMerge }) => latestMerge?.push === 'failed',
  drafts: ({ draftComments }) => draftComments > 0,
  seenBefore: ({ shownHead, head }) => shownHead !== '' && shownHead !== head,
};

/** The words that are true of a thread, in one text. */
export function threadContext(thread: Thread, muted: boolean): string {
  const words = Object.entries(contextWords).flatMap(([word, isTrue]) => (isTrue(thread) ? [word] : []));
  const view = toThreadView(thread);
  const { buttons, menu } = offeredActions(view);
  return [
    'thread',
    parseThreadStatus(thread.status),
    muted ? 'muted' : 'unmuted',
    ...words,
    threadNeed(view) ?? [],
    buttons.includes('merge') || buttons.includes('mergeAgain') ? 'mergeable' : [],
    menu.includes('merge') ? 'conflicting' : [],
    buttons.includes('mergeByHand') ? 'byHand' : [],
    view.reopenable === true ? 'reopenable' : [],
    menu.includes('approve') ? 'approvable' : [],
    menu.includes('update') ? 'updatable' : [],
    buttons.includes('review') ? 'reviewable' : [],
    // Its changes are neither merged nor given up.
    menu.includes('requestChanges') ? 'undecided' : [],
  ]
    .flat()
    .join(' ');
}
