import * as vscode from 'vscode';
import { shortId } from '../../protocol/displayFormat.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { seenHead, sightOf, type Sight } from '../../protocol/reviewedHead.js';
import { askModally, showInformation, type Question } from '../plain/messages.js';
import type { Services } from '../services.js';
import { asItIsNow } from '../threads/presentState.js';
import { unseenText, unsentText } from '../threads/threadText.js';
import { threadTitle } from '../threads/threadTitles.js';
import { windowClosing } from '../windowClosing.js';

/** Names of files that fit a message; the rest are counted. */
const shownFiles = 5;

/** What a person has said yes to. */
export interface Agreed {
  /** The commit to merge; undefined: whatever they have seen. */
  readonly commit: string | undefined;
  /** Their comments that stay unsent. */
  readonly unsent: number;
}

/**
 * Rows move while agents work: a click on what nobody has looked at yet, or not as it is now, is asked about, and so is one that would
 * leave comments unsent. All that in one question. `unsent`: so many they have agreed to leave already. Undefined: not now.
 */
export async function askBeforeMerge(
  services: Services,
  thread: Thread,
  { unsent: left = 0 }: { readonly unsent?: number } = {},
): Promise<Agreed | undefined> {
  await services.reviews.save(thread);
  const fresh = await asItIsNow(services, thread);
  if (isMerged(fresh)) return undefined;
  const unsent = fresh.draftComments;
  const sight = sightFor(services, fresh);
  const commit = sight === 'seen' ? undefined : fresh.head;
  const asksUnsent = unsent > 0 && unsent !== left;
  if (sight === 'seen' || sight === 'agreed') {
    if (!asksUnsent) return { commit, unsent };
    return (await mayLeave(fresh, 'merge')) ? { commit, unsent } : undefined;
  }
  const merge = sight === 'unseen' ? vscode.l10n.t('Merge') : vscode.l10n.t('Merge as It Is Now');
  const review = sight === 'unseen' ? vscode.l10n.t('Review Changes') : sinceLabel();
  const request = asksUnsent ? [vscode.l10n.t('Request Changes')] : [];
  const { text, detail } = unseenQuestion(services, fresh, sight);
  const whole = withConflict(fresh, asksUnsent ? `${detail} ${unsentText(fresh)}` : detail);
  // The first one is what Enter means.
  const chosen = await askModally({ text, detail: whole }, review, ...request, merge);
  if (chosen === merge) return { commit, unsent };
  if (chosen === undefined) return undefined;
  if (chosen !== review) await vscode.commands.executeCommand('muster.requestChanges', thread.id);
  else if (sight === 'unseen') await vscode.commands.executeCommand('muster.review', thread.id);
  else await reviewSince(services, thread);
  return undefined;
}

/**
 * What a reviewer wrote and did not send is easily forgotten. Returns how many stay unsent; undefined: not now. `left`: so many they
 * have agreed to leave already.
 */
export async function askAboutUnsent(
  services: Services,
  thread: Thread,
  purpose: 'approve' | 'merge',
  left = 0,
): Promise<number | undefined> {
  const fresh = await asItIsNow(services, thread);
  if (isMerged(fresh)) return undefined;
  const unsent = fresh.draftComments;
  if (unsent === 0 || unsent === left) return unsent;
  return (await mayLeave(fresh, purpose)) ? unsent : undefined;
}

/** Asks before several threads are merged at once, and names those with comments that were not sent. */
export async function mayLeaveAll(threads: readonly Thread[]): Promise<boolean> {
  const withDrafts = threads.filter(({ draftComments }) => draftComments > 0);
  const [first] = withDrafts;
  if (!first) return true;
  const merge = vscode.l10n.t('Merge Anyway');
  const text = vscode.l10n.t('Merge what you approved without sending your comments?');
  const detail = withDrafts.map(thread => `• ${threadTitle(thread)}: ${unsentText(thread)}`).join('\n');
  return (await askModally({ text, detail }, merge)) === merge;
}

async function mayLeave(thread: Thread, purpose: 'approve' | 'merge'): Promise<boolean> {
  const request = vscode.l10n.t('Request Changes');
  const anyway = purpose === 'merge' ? vscode.l10n.t('Merge Anyway') : vscode.l10n.t('Approve Anyway');
  const title = threadTitle(thread);
  const text =
    purpose === 'merge'
      ? vscode.l10n.t('Merge "{0}" without sending your comments?', title)
      : vscode.l10n.t('Approve "{0}" without sending your comments?', title);
  const detail = purpose === 'merge' ? withConflict(thread, unsentText(thread)) : unsentText(thread);
  const chosen = await askModally({ text, detail }, request, anyway);
  if (chosen === request) await vscode.commands.executeCommand('muster.requestChanges', thread.id);
  return chosen === anyway;
}

/** Rows, reviews and messages may be older than a merge from elsewhere: tells of it, instead of asking about what is done. */
function isMerged(thread: Thread): boolean {
  if (thread.status !== 'merged') return false;
  void showInformation(vscode.l10n.t('"{0}" is merged already.', threadTitle(thread)));
  return true;
}

/** What they wrote into it themselves is no reason to ask; the host tells it from what others wrote. */
function sightFor({ reviews }: Services, thread: Thread): Sight {
  return thread.shownHead !== '' && reviews.hasEdits(thread) ? 'seen' : sightOf(thread);
}

function unseenQuestion(services: Services, thread: Thread, sight: 'unseen' | 'changed') {
  const title = threadTitle(thread);
  if (sight === 'unseen')
    return { text: vscode.l10n.t('Merge "{0}" without looking at it?', title), detail: unseenText(thread) };
  const commits = [shortId(seenHead(thread)), shortId(thread.head)];
  return {
    text: vscode.l10n.t('"{0}" has changed since you looked at it. Merge it as it is now?', title),
    detail: withOpenReview(services, thread, vscode.l10n.t('You saw commit {0}, and it is at {1} now.', ...commits)),
  } satisfies Question;
}

/** The button that leads to what others did since the person looked. */
export function sinceLabel(): string {
  return vscode.l10n.t('What Changed Since');
}

/** What somebody else did since the person looked; where that cannot be told apart, all of it. */
export async function reviewSince({ reviews }: Services, thread: Thread): Promise<void> {
  if (!(await reviews.open(thread, windowClosing, { sinceLast: true }))) await reviews.open(thread, windowClosing);
}

/** A review goes on showing what there is: what is on screen is then what the question is about. */
export function withOpenReview({ reviews }: Services, { id }: Thread, text: string): string {
  return reviews.isOpen(id) ? `${text} ${vscode.l10n.t('The review that is open shows it as it is now.')}` : text;
}

/** What is known of a merge beforehand is said before anybody asks for it. */
function withConflict({ conflictFiles, conflictTarget }: Thread, detail: string): string {
  if (conflictFiles.length === 0) return detail;
  return `${detail} ${vscode.l10n.t('It conflicts with {0} in {1}.', conflictTarget, nameSome(conflictFiles))}`;
}

/** The files that a message has room for. */
export function nameSome(files: readonly string[]): string {
  const named = files.slice(0, shownFiles).join(', ');
  const rest = files.length - shownFiles;
  return rest > 0 ? vscode.l10n.t('{0} and {1} more', named, rest) : named;
}
