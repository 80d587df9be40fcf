import * as vscode from 'vscode';
import {
  formatAge,
  formatCost,
  formatDuration,
  formatLineChanges,
  formatOrdinal,
  formatTokens,
  shortId,
  sumKnown,
} from '../../protocol/displayFormat.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { approvingAgents } from '../../protocol/chainState.js';
import { approvedHead } from '../../protocol/webview/threadView.js';
import {
  parseThreadStatus,
  threadGroupWords,
  threadIcon,
  type ThreadSigns,
  threadStatusWords,
  type ThreadGroup,
} from '../../protocol/threadDisplay.js';
import { Tooltip, type CommandLink } from '../plain/markdown.js';
import { sinceOf } from './threadGroups.js';
import { agentTitle, rowMark, taskTitle, threadTitle } from './threadTitles.js';

/** The state's word in the display language. */
export function statusWord(thread: Thread): string {
  return vscode.l10n.t(threadStatusWords[parseThreadStatus(thread.status)]);
}

/** A group's heading in the display language. */
export function groupWord(group: ThreadGroup): string {
  return vscode.l10n.t(threadGroupWords[group]);
}

/** `dev · editing src/a.ts · 2 min · $0.11`: what matters in the thread's present state; first, what tells it from others. */
export function threadDescription(thread: Thread, now: number, { withProject = false } = {}): string {
  const agent = withProject ? agentTitle(thread) : thread.agent;
  return join([rowMark(thread), agent, attemptText(thread), ...stateParts(thread, now)]);
}

function attemptText({ attempt, attempts }: Thread): string {
  return attempt > 0 ? vscode.l10n.t('attempt {0} of {1}', attempt, attempts) : '';
}

function stateParts(thread: Thread, now: number): readonly string[] {
  if (thread.latestRun?.stopping === true) return [vscode.l10n.t('stopping')];
  const updated = formatAge(sinceOf(thread), now);
  const cost = formatCost(thread.costUsd);
  switch (parseThreadStatus(thread.status)) {
    case 'needs_you':
    case 'failed':
      return [oneLine(thread.needs || errorText(thread)), updated];
    case 'queued':
      return [queuedText(thread, now)];
    case 'working':
      return [...workText(thread, now), cost];
    case 'ready':
      return [stoppedText(thread), conflictText(thread), changesText(thread), approvedText(thread), updated, cost];
    case 'merging':
      return [targetText(thread)];
    case 'merged':
      return [targetText(thread), updated];
    case 'closed':
      return [stoppedText(thread), updated];
    case 'abandoned':
      return [thread.rescue === '' ? '' : vscode.l10n.t('can be restored'), updated];
  }
}

function queuedText({ waitsFor, latestRun: run }: Thread, now: number): string {
  if (waitsFor.length > 0) return vscode.l10n.t('waits for {0}', waitsFor.map(shortId).join(', '));
  return dueText(run, now) || queueText(run?.queuePosition ?? 0);
}

function errorText({ latestRun }: Thread): string {
  return latestRun?.error?.message ?? '';
}

function workText({ latestRun: run }: Thread, now: number): readonly string[] {
  return run ? [oneLine(run.activity), run.startedAt > 0n ? formatAge(Number(run.startedAt), now) : ''] : [];
}

function targetText({ latestMerge, baseRef }: Thread): string {
  return vscode.l10n.t('into {0}', latestMerge?.target || baseRef);
}

/** A run that a person stopped half way does not look like a finished one. */
function stoppedText({ latestRun }: Thread): string {
  return latestRun?.status === 'cancelled' ? vscode.l10n.t('stopped before it was done') : '';
}

function approvedText(thread: Thread): string {
  const head = approvedHead(thread);
  if (head !== undefined) return vscode.l10n.t('approved by you at {0}', shortId(head));
  const agents = approvingAgents(thread);
  return agents.length === 0
    ? ''
    : vscode.l10n.t('approved by {0} at {1}', agents.map(oneLine).join(', '), shortId(thread.head));
}

/** Why a queued run does not start yet; empty when it only waits for its turn. */
function dueText(run: Thread['latestRun'], now: number): string {
  if (!run || run.dueAt === 0n) return '';
  const left = formatDuration(Math.max(0, Number(run.dueAt) - now));
  return run.dueReason === 'retry' ? vscode.l10n.t('tries again in {0}', left) : vscode.l10n.t('starts in {0}', left);
}

/** Found out before anybody merges. */
function conflictText({ conflictFiles, conflictTarget }: Thread): string {
  return conflictFiles.length > 0 ? vscode.l10n.t('conflicts with {0}', conflictTarget) : '';
}

function queueText(place: number): string {
  return place > 0 ? vscode.l10n.t('queued, {0}', formatOrdinal(place)) : vscode.l10n.t('queued');
}

/** `7 files +120 −44`; `no changes` when the agent changed nothing. */
export function changesText(thread: Thread): string {
  const { filesChanged, additions, deletions } = thread;
  if (filesChanged === undefined) return '';
  if (filesChanged === 0) return vscode.l10n.t('no changes');
  const files = filesChanged === 1 ? vscode.l10n.t('1 file') : vscode.l10n.t('{0} files', filesChanged);
  return `${files} ${formatLineChanges(additions, deletions)}`.trim();
}

/** Who has looked at changes that the person has not. */
export function unseenText(thread: Thread): string {
  const changes = changesText(thread);
  const agents = approvingAgents(thread);
  return agents.length === 0
    ? vscode.l10n.t('Nobody has reviewed these changes: {0}.', changes)
    : vscode.l10n.t('Approved by {0}, and not seen by you: {1}.', agents.map(oneLine).join(', '), changes);
}

/** What the person wrote about lines of it, and whom it has not reached. */
export function unsentText({ draftComments, agent }: Pick<Thread, 'draftComments' | 'agent'>): string {
  return draftComments === 1
    ? vscode.l10n.t('1 comment was not sent to {0}.', oneLine(agent))
    : vscode.l10n.t('{0} comments were not sent to {1}.', draftComments, oneLine(agent));
}

/** What a screen reader says: state, task, agent and the rest, as a sentence list. */
export function threadAccessibleText(thread: Thread, now: number, options = { withProject: false }): string {
  return [statusWord(thread), taskTitle(thread), threadDescription(thread, now, options)].join(', ');
}

/** Task, agent, branch, base, last line said, cost, and commands as links. */
export function threadTooltip(thread: Thread, now: number): vscode.MarkdownString {
  const tooltip = new Tooltip();
  const status = parseThreadStatus(thread.status);
  tooltip.bold(threadTitle(thread)).paragraph();
  tooltip.icon(threadIcon(status, threadSigns(thread)));
  tooltip.line(join([stateWord(thread), formatAge(sinceOf(thread), now)]));
  if (thread.needs !== '') tooltip.line(oneLine(thread.needs));
  tooltip.icon('robot').line(join([thread.agent, thread.model || otherName(thread)]));
  if (thread.branch !== '') {
    const { branch, baseRef, baseCommit } = thread;
    tooltip.icon('git-branch').line(vscode.l10n.t('{0} from {1}@{2}', branch, baseRef, shortId(baseCommit)));
  }
  if (thread.conflictFiles.length > 0) {
    const { conflictFiles, conflictTarget } = thread;
    const files = conflictFiles.slice(0, 5).join(', ');
    tooltip.icon('warning').line(vscode.l10n.t('Conflicts with {0} in {1}', conflictTarget, files));
  }
  for (const note of thread.notes) tooltip.icon('info').line(oneLine(note));
  const changes = changesText(thread);
  if (changes !== '') tooltip.icon('diff').line(join([changes, approvedText(thread)]));
  const tokens = sumKnown(asNumber(thread.inputTokens), asNumber(thread.outputTokens));
  const spent = join([
    formatCost(thread.costUsd),
    tokens === undefined ? '' : vscode.l10n.t('{0} tokens', formatTokens(tokens)),
  ]);
  if (spent !== '') tooltip.line(spent);
  const said = oneLine(thread.latestRun?.answer || (thread.latestRun?.activity ?? ''));
  if (said !== '') tooltip.quote(said);
  return tooltip.links(tooltipLinks(thread), thread.id).value;
}

/** A provider that is called as the agent says nothing twice. */
function otherName({ agent, provider }: Thread): string {
  return provider === agent ? '' : provider;
}

function tooltipLinks(thread: Thread): readonly CommandLink[] {
  const links: CommandLink[] = [{ label: vscode.l10n.t('Open'), command: 'muster.openThread' }];
  if ((thread.filesChanged ?? 0) > 0) links.push({ label: vscode.l10n.t('Review'), command: 'muster.review' });
  if (canMergeAtOnce(thread)) links.push({ label: vscode.l10n.t('Merge'), command: 'muster.merge' });
  if (thread.status === 'working') links.push({ label: vscode.l10n.t('Stop'), command: 'muster.cancelThread' });
  links.push({ label: vscode.l10n.t('Log'), command: 'muster.showLog' });
  return links;
}

/** The page's words: what changed nothing waits for nobody's review. */
function stateWord(thread: Thread): string {
  const isUnchanged = thread.status === 'ready' && thread.filesChanged === 0 && stoppedText(thread) === '';
  return isUnchanged ? vscode.l10n.t('Finished, nothing changed') : statusWord(thread);
}

/** What its icon tells besides its state. */
export function threadSigns({ latestRun, conflictFiles }: Thread): ThreadSigns {
  return { latestRun: latestRun?.status, conflicting: conflictFiles.length > 0 };
}

/** Nothing cannot be merged, and what conflicts has other ways out. */
function canMergeAtOnce({ status, filesChanged, conflictFiles }: Thread): boolean {
  return status === 'ready' && filesChanged !== 0 && conflictFiles.length === 0;
}

function asNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Longer than any description that fits a side bar. */
const maximumLine = 160;

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > maximumLine ? `${line.slice(0, maximumLine - 1)}…` : line;
}

function join(parts: readonly string[]): string {
  return parts.filter(part => part !== '').join(' · ');
}
