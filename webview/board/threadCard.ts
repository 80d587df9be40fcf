import { html, nothing, type TemplateResult } from 'lit';
import { formatCost, formatLineChanges } from '../../src/protocol/displayFormat.js';
import { offeredActions, type ThreadAction } from '../../src/protocol/webview/threadActions.js';
import { threadNeed } from '../../src/protocol/webview/threadNeeds.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { agentLabel } from './threadFilter.js';
import { icon } from '../shared/icon.js';
import { sinceOf } from './boardColumns.js';
import { stateIcon, stateWord } from '../shared/stateLabel.js';
import { age, elapsed } from '../shared/timeText.js';
import { approvalText } from '../shared/approvalText.js';
import { actionHint } from '../shared/actionHint.js';
import { nextStepIcons } from '../shared/nextStepIcons.js';

const buttonIcons: Partial<Readonly<Record<ThreadAction, string>>> = {
  review: 'diff-multiple',
  merge: 'git-merge',
  stop: 'debug-stop',
  retry: 'debug-restart',
  askReviewer: 'debug-restart',
  restore: 'history',
  approve: 'check',
  approveAndMerge: 'git-merge',
  ...nextStepIcons,
  close: 'close',
  openWorktree: 'empty-window',
};

interface CardOptions {
  readonly thread: ThreadView;
  readonly strings: WebviewStrings;
  /** The card that Tab leads to. */
  readonly current: boolean;
  /** Name the project, because the board shows several. */
  readonly withProject: boolean;
  /** What tells it from others that are called alike; undefined for none. */
  readonly mark: string | undefined;
  readonly act: (action: ThreadAction) => void;
  readonly onFocus: () => void;
}

/** One thread on the board. The title is the button that opens it; the others act in place. */
export function threadCard(options: CardOptions): TemplateResult {
  const { thread, strings, current, mark, act, onFocus } = options;
  const tab = current ? '0' : '-1';
  const name = mark === undefined ? thread.summary : `${thread.summary} (${mark})`;
  return html`<li
    class="card"
    data-thread=${thread.id}
    data-vscode-context=${menuContext(thread)}
    @focusin=${onFocus}
    @click=${openOnCard}
  >
    <div class="card-head">
      ${stateIcon(thread)}<span class="sr-only">${stateWord(thread, strings)}</span>
      <button class="card-title" type="button" tabindex=${tab} @click=${() => act('open')}>${thread.summary}</button>
      <span class="card-actions">
        ${offeredActions(thread).buttons.map(
          action =>
            html`<button
              class="icon-button"
              type="button"
              tabindex=${tab}
              aria-label=${`${strings[action]}: ${name}`}
              title=${actionHint(action, strings)}
              @click=${() => act(action)}
            >
              ${icon(buttonIcons[action] ?? 'circle')}
            </button>`,
        )}
      </span>
    </div>
    ${activity(thread, strings)}
    <div class="card-facts">${facts(options)}</div>
  </li>`;

  function openOnCard(event: Event): void {
    const onControl = event.target instanceof Element && event.target.closest('button') !== null;
    if (!onControl) act('open');
  }
}

/** For the menu that VS Code opens on it (`src/extension/manifest/cardMenu.ts`), without *Cut*, *Copy* and *Paste*. */
function menuContext(thread: ThreadView): string {
  const { buttons, menu } = offeredActions(thread);
  return JSON.stringify({
    threadId: thread.id,
    musterActions: ['open', ...buttons, ...menu].join(' '),
    preventDefaultContextMenuItems: true,
  });
}

function activity(thread: ThreadView, strings: WebviewStrings): TemplateResult | typeof nothing {
  const run = thread.latestRun;
  if (run?.stopping === true) return html`<div class="card-activity">${strings.stopping}</div>`;
  const text = thread.needs !== '' ? thread.needs : thread.status === 'working' ? (run?.activity ?? '') : '';
  if (thread.status === 'queued') return html`<div class="card-activity">${stateWord(thread, strings)}</div>`;
  return text === ''
    ? nothing
    : html`<div class="card-activity ${thread.needs === '' ? '' : 'is-need'}" title=${text}>${text}</div>`;
}

function facts({ thread, strings, withProject, mark }: CardOptions): TemplateResult {
  const { latestRun, filesChanged } = thread;
  const startedAt = thread.status === 'working' ? latestRun?.startedAt : undefined;
  const cost = formatCost(thread.costUsd);
  const approval = approvalText(thread, strings);
  const changes = formatLineChanges(thread.additions, thread.deletions);
  const isEmpty = thread.status === 'ready' && thread.filesChanged === 0;
  const showState =
    isEmpty ||
    threadNeed(thread) === 'stopped' ||
    thread.status === 'closed' ||
    thread.status === 'abandoned' ||
    thread.status === 'failed';
  return html`${mark === undefined ? nothing : html`<span class="card-mark">${mark}</span>`}<span class="card-agent"
      >${agentLabel(thread, { withProject })}</span
    >
    ${thread.attempt === undefined ? nothing : html`<span>${fill(strings.attemptOf, thread.attempt.place, thread.attempt.of)}</span>`}
    ${showState ? html`<span>${stateWord(thread, strings)}</span>` : nothing}
    <span>${startedAt === undefined ? age(sinceOf(thread)) : elapsed(startedAt, undefined)}</span>
    ${thread.conflictTarget === undefined ? nothing : html`<span class="card-conflict">${icon('warning')} ${fill(strings.conflictsWith, thread.conflictTarget)}</span>`}
    ${approval === undefined ? nothing : html`<span>${icon('verified')} ${approval}</span>`}
    ${cost === '' ? nothing : html`<span>${cost}</span>`}
    ${
      filesChanged === undefined || filesChanged === 0
        ? nothing
        : html`<span
            class="card-changes"
            title=${filesChanged === 1 ? strings.oneFile : fill(strings.changedFiles, filesChanged)}
            >${changes}</span
          >`
    }`;
}
