import * as vscode from 'vscode';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import type { WorkspaceScope } from '../projects/workspaceScope.js';
import { readSetting } from '../settings.js';
import { actionsForNeed, type ThreadAction } from '../../protocol/webview/threadActions.js';
import { toThreadView } from '../../protocol/webview/threadView.js';
import { buttonsFor, type ThreadButton } from '../threads/actOnThread.js';
import { isOffered, tellMovedOn } from '../threads/presentState.js';
import { changesText, statusWord } from '../threads/threadText.js';
import { agentTitle, threadTitle } from '../threads/threadTitles.js';
import type { MutedThreads } from './mutedThreads.js';
import type { OwnTasks } from './ownTasks.js';
import { NewlyNeedy, type Occasion } from './newlyNeedy.js';
import { showInformation, showWarning } from '../plain/messages.js';

export interface AttentionOptions {
  readonly host: HostConnection;
  readonly scope: WorkspaceScope;
  readonly muted: MutedThreads;
  readonly own: OwnTasks;
  /** True while the person is looking at the thread. */
  readonly isVisible: (threadId: string) => boolean;
  /** True while its review is open, which goes on showing what there is. */
  readonly isReviewed: (threadId: string) => boolean;
}

/** What comes within this time is one notification. */
const groupMs = 600;

/** Notifies about threads that need a person: one at a time, grouped, and never about what is in front of them. */
export class Attention implements vscode.Disposable {
  readonly #options: AttentionOptions;
  readonly #news = new NewlyNeedy();
  readonly #pending = new Map<string, Occasion>();
  readonly #handledHere = new Map<string, number>();
  readonly #subscription: { dispose(): void | Promise<void> };
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AttentionOptions) {
    this.#options = options;
    const changes = options.host.onDidChange(({ threads }) => {
      if (threads.length > 0) this.#look();
    });
    const focus = vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) this.#lookAgain();
    });
    this.#subscription = {
      async dispose() {
        focus.dispose();
        await changes.dispose();
      },
    };
  }

  /** While a command deals with a thread, it tells the outcome itself. Returns how to end that. */
  handleHere(threadId: string): () => void {
    this.#handledHere.set(threadId, (this.#handledHere.get(threadId) ?? 0) + 1);
    return () => {
      // The change that the outcome caused may arrive just after the answer.
      setTimeout(() => {
        const count = (this.#handledHere.get(threadId) ?? 1) - 1;
        if (count === 0) this.#handledHere.delete(threadId);
        else this.#handledHere.set(threadId, count);
      }, 2 * groupMs);
    };
  }

  /** Remembers that this window asked for the work. */
  dispatchedHere(threadId: string): void {
    this.#options.own.add(threadId);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    void this.#subscription.dispose();
  }

  #look(): void {
    for (const occasion of this.#news.look(this.#options.scope.threads())) {
      if (this.#opensReview(occasion)) void vscode.commands.executeCommand('muster.review', occasion.thread.id);
      else if (this.#isWorthTelling(occasion)) this.#pending.set(occasion.thread.id, occasion);
    }
    this.#tellSoon();
  }

  /** One window tells: the one in front, else the one that asked for the work. What others know waits until they are in front. */
  #tellSoon(): void {
    const isMine = [...this.#pending.keys()].some(id => this.#options.own.has(id));
    if (this.#pending.size === 0 || !(vscode.window.state.focused || isMine)) return;
    this.#timer ??= setTimeout(() => void this.#tell(), groupMs);
  }

  /** In front now: what is still true is told. */
  #lookAgain(): void {
    for (const [id, { thread }] of this.#pending) {
      const now = this.#options.host.threads.get(id);
      if (now?.status !== thread.status || now.needs !== thread.needs) this.#pending.delete(id);
    }
    this.#tellSoon();
  }

  #isWorthTelling({ thread, reason }: Occasion): boolean {
    const { muted, isVisible } = this.#options;
    // They have begun it themselves.
    if (thread.handMerge !== '') return false;
    const wanted =
      reason === 'needs_you'
        ? readSetting('muster.notifications.needsYou')
        : this.#tellsReady(thread) || this.#changedInReview(thread);
    return wanted && !muted.has(thread.id) && !isVisible(thread.id) && !this.#handledHere.has(thread.id);
  }

  #tellsReady({ id }: Thread): boolean {
    const which = readSetting('muster.notifications.ready');
    return which === 'all' || (which === 'own' && this.#options.own.has(id));
  }

  #opensReview({ thread, reason }: Occasion): boolean {
    if (reason !== 'ready' || !this.#options.own.has(thread.id)) return false;
    return (thread.filesChanged ?? 0) > 0 && readSetting('muster.review.openWhenReady');
  }

  async #tell(): Promise<void> {
    this.#timer = undefined;
    const occasions = [...this.#pending.values()];
    this.#pending.clear();
    const [first] = occasions;
    if (!first) return;
    if (occasions.length > 1) {
      const [need, ...others] = new Set(occasions.map(({ thread }) => `${thread.agent} ${thread.needs}`));
      // Ten threads that one expired key stopped are one thing to know.
      if (need !== undefined && others.length === 0 && first.thread.needs !== '') return tellOneCause(occasions, first);
      return tellMany(occasions);
    }
    await (first.reason === 'ready' ? this.#tellReady(first.thread) : this.#tellNeed(first.thread));
  }

  /** What a person reads has become something else beneath their eyes. */
  #changedInReview({ id, shownHead, head }: Thread): boolean {
    return shownHead !== '' && shownHead !== head && this.#options.isReviewed(id);
  }

  async #tellChanged(thread: Thread): Promise<void> {
    const since = {
      label: vscode.l10n.t('What Changed Since'),
      run: async () => void (await vscode.commands.executeCommand('muster.reviewSince', thread.id)),
    };
    const buttons: readonly ThreadButton[] = [since, this.#muteButton(thread)];
    const text = vscode.l10n.t(
      '{0} changed "{1}" after you looked. The review that is open shows it as it is now.',
      this.#agentOf(thread),
      threadTitle(thread),
    );
    await this.#press(thread.id, await showInformation(text, ...buttons.map(({ label }) => label)), buttons);
  }

  async #tellReady(thread: Thread): Promise<void> {
    if (this.#changedInReview(thread)) return this.#tellChanged(thread);
    const hasChanges = (thread.filesChanged ?? 0) > 0;
    const actions: readonly ThreadAction[] = hasChanges ? ['review', 'merge'] : ['open'];
    const buttons: readonly ThreadButton[] = [...buttonsFor(actions, thread.id), this.#muteButton(thread)];
    const done = hasChanges
      ? vscode.l10n.t('ready for review, {0}', changesText(thread))
      : vscode.l10n.t('done, without changes');
    const text = vscode.l10n.t('{0}, {1}: {2}', this.#agentOf(thread), threadTitle(thread), done);
    await this.#press(thread.id, await showInformation(text, ...buttons.map(({ label }) => label)), buttons);
  }

  async #tellNeed(thread: Thread): Promise<void> {
    const buttons: readonly ThreadButton[] = [...buttonsFor(waysOut(thread), thread.id), this.#muteButton(thread)];
    const need = briefly(thread.needs) || statusWord(thread);
    const text = vscode.l10n.t('{0}, {1}: {2}', this.#agentOf(thread), threadTitle(thread), need);
    await this.#press(thread.id, await showWarning(text, ...buttons.map(({ label }) => label)), buttons);
  }

  /** What was offered may have been done elsewhere while the message stood there. */
  async #press(threadId: string, label: string | undefined, buttons: readonly ThreadButton[]): Promise<void> {
    const button = buttons.find(each => each.label === label);
    const now = this.#options.host.threads.get(threadId);
    if (now && button?.action !== undefined && !isOffered(now, button.action)) tellMovedOn(now);
    else await button?.run();
  }

  #muteButton({ id }: Thread): ThreadButton {
    return { label: vscode.l10n.t('Mute Thread'), run: () => this.#options.muted.mute(id) };
  }

  #agentOf(thread: Thread): string {
    return this.#options.scope.projects().length > 1 ? agentTitle(thread) : thread.agent;
  }
}

/** Two beside the one that mutes have room for their words: what helps first, and a look at the work. The page has all. */
function waysOut(thread: Thread): readonly ThreadAction[] {
  const [first, ...others] = actionsForNeed(toThreadView(thread)).filter(action => action !== 'rawLog');
  const look: ThreadAction = (thread.filesChanged ?? 0) > 0 ? 'review' : 'open';
  if (first === undefined) return [look];
  if (first === 'review') return [first, others[0] ?? 'open'];
  return [first, look];
}

/** What a glance at a notification takes in; the rest is on the thread's page. */
const longestNeed = 240;

function briefly(need: string): string {
  return need.length <= longestNeed ? need : `${need.slice(0, longestNeed - 1)}…`;
}

async function tellOneCause(occasions: readonly Occasion[], { thread }: Occasion): Promise<void> {
  const show = vscode.l10n.t('Show');
  const text = vscode.l10n.t('{0}, {1} threads: {2}', thread.agent, occasions.length, briefly(thread.needs));
  if ((await showWarning(text, show)) === show) await vscode.commands.executeCommand('muster.showThreads');
}

/** Titles that fit a notification. */
const namedThreads = 3;

async function tellMany(occasions: readonly Occasion[]): Promise<void> {
  const names = occasions.slice(0, namedThreads).map(({ thread }) => threadTitle(thread));
  const rest = occasions.length - names.length;
  const list = rest > 0 ? vscode.l10n.t('{0} and {1} more', names.join(', '), rest) : names.join(', ');
  const show = vscode.l10n.t('Show');
  const text = occasions.every(({ reason }) => reason === 'ready')
    ? vscode.l10n.t('{0} threads are ready for review: {1}', occasions.length, list)
    : vscode.l10n.t('{0} threads changed: {1}', occasions.length, list);
  if ((await showInformation(text, show)) === show) {
    await vscode.commands.executeCommand('muster.showThreads');
  }
}
