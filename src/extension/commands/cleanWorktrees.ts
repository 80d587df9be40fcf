import * as vscode from 'vscode';
import { formatAge } from '../../protocol/displayFormat.js';
import type { CleanedWorktree, Worktree } from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { askModally, showInformation, showWarning, whileWaiting } from '../plain/messages.js';
import { pickRow, pickRows } from '../plain/picks.js';
import type { Services } from '../services.js';
import { removeAskingForIgnored } from '../threads/largeIgnoredFiles.js';
import { statusWord } from '../threads/threadText.js';
import { projectMark, threadTitle } from '../threads/threadTitles.js';
import type { Views } from '../views/views.js';

const dayMs = 24 * 60 * 60 * 1000;
const ages = [7, 14, 30, 90];

interface Row extends vscode.QuickPickItem {
  readonly worktree: Worktree;
}

/**
 * Asks which worktrees may go, with a tick at those that nobody needs any more, and removes them. What has work that was not
 * merged is never ticked by itself, and asked about once more.
 */
export async function cleanWorktrees(services: Services, views: Views): Promise<void> {
  const candidates = await whileWaiting(vscode.l10n.t('Looking at worktrees'), signal => ask(services, {}, signal));
  const free = candidates.filter(({ state }) => state !== 'kept').flatMap(({ worktree }) => worktree ?? []);
  if (free.length === 0) {
    void showInformation(vscode.l10n.t('No worktree can be removed: there is none, or their threads are at work.'));
    return;
  }
  const wanted = await chooseAge(free);
  if (!wanted) return;
  const chosen = await pickRows(
    wanted.map(worktree => rowOf(services, worktree)),
    { placeHolder: vscode.l10n.t('Which worktrees should be removed? What is in them is kept.') },
  );
  if (!chosen || chosen.length === 0) return;
  const unmerged = chosen.filter(({ worktree }) => worktree.unmerged);
  if (unmerged.length > 0 && !(await agreesToUnmerged(unmerged, chosen.length))) return;
  const stayed = await whileWaiting(vscode.l10n.t('Removing worktrees'), signal => remove(services, chosen, signal));
  views.worktrees.refresh();
  if (stayed.length > 0) void showWarning(vscode.l10n.t('Some worktrees stay: {0}', stayed.join('; ')));
}

async function ask(
  { host }: Services,
  request: { readonly threadIds?: string[]; readonly ignored?: string; readonly force?: boolean },
  signal: AbortSignal,
): Promise<readonly CleanedWorktree[]> {
  const client = await host.client(signal);
  return (await client.worktrees.cleanWorktrees({ ...request, unmerged: true }, { signal })).worktrees;
}

async function chooseAge(free: readonly Worktree[]): Promise<readonly Worktree[] | undefined> {
  const now = Date.now();
  const olderThan = (days: number): readonly Worktree[] =>
    free.filter(({ usedAt }) => now - Number(usedAt) >= days * dayMs);
  const rows = [
    { label: vscode.l10n.t('All Merged'), worktrees: free.filter(({ unmerged }) => !unmerged) },
    ...ages.map(days => ({ label: vscode.l10n.t('Unused for {0} Days', days), worktrees: olderThan(days) })),
    { label: vscode.l10n.t('All'), worktrees: free },
  ].filter(({ worktrees }) => worktrees.length > 0);
  const row = await pickRow(
    rows.map(each => ({ ...each, description: String(each.worktrees.length) })),
    { placeHolder: vscode.l10n.t('Which worktrees should be listed?') },
  );
  return row?.worktrees;
}

function rowOf({ host }: Services, worktree: Worktree): Row {
  const thread = host.threads.get(worktree.threadId);
  const facts = [
    thread ? projectMark(thread) : '',
    thread ? statusWord(thread) : '',
    worktree.unmerged ? vscode.l10n.t('has work that was not merged') : '',
    formatAge(Number(worktree.usedAt), Date.now()),
  ];
  return {
    label: thread ? threadTitle(thread) : worktree.branch,
    description: facts.filter(fact => fact !== '').join(' · '),
    detail: worktree.path,
    picked: !worktree.unmerged,
    worktree,
  };
}

async function agreesToUnmerged(rows: readonly Row[], chosen: number): Promise<boolean> {
  const [only] = rows;
  if (chosen === 1 && only) {
    const agree = vscode.l10n.t('Remove Worktree');
    const text = vscode.l10n.t('"{0}" has work that was not merged. Remove its worktree all the same?', only.label);
    const kept = vscode.l10n.t('Its commits and uncommitted work are kept and can be restored.');
    return (await askModally({ text, detail: [kept, only.detail ?? ''].join('\n') }, agree)) === agree;
  }
  const agree = vscode.l10n.t('Remove Worktrees');
  const text =
    rows.length === 1
      ? vscode.l10n.t('1 of them has work that was not merged. Remove it all the same?')
      : vscode.l10n.t('{0} of them have work that was not merged. Remove them all the same?', rows.length);
  const detail = [
    vscode.l10n.t('Their commits and uncommitted work are kept and can be restored.'),
    ...rows.map(({ label }) => `• ${label}`),
  ].join('\n');
  return (await askModally({ text, detail }, agree)) === agree;
}

/** Returns why some could not be removed. */
async function remove(services: Services, rows: readonly Row[], signal: AbortSignal): Promise<readonly string[]> {
  const stayed: string[] = [];
  for (const { label, worktree } of rows) {
    const { threadId } = worktree;
    // What became of it since it was ticked is looked at again by the host.
    const [found] = await ask(services, { threadIds: [threadId] }, signal);
    if (found?.state === 'kept') stayed.push(`${label}: ${found.reason}`);
    if (found?.state !== 'would_remove') continue;
    const client = await services.host.client(signal);
    await removeAskingForIgnored(ignored => client.worktrees.removeWorktree({ threadId, ignored }, { signal }));
  }
  return stayed;
}
