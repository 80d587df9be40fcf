import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { formatCost, formatTokens, shortId } from '../../src/protocol/displayFormat.js';
import {
  actionsForNeed,
  offeredActions,
  threadActions,
  type ThreadAction,
} from '../../src/protocol/webview/threadActions.js';
import type { RunView, ThreadView } from '../../src/protocol/webview/threadView.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { approvalText } from '../shared/approvalText.js';
import { actionHint } from '../shared/actionHint.js';
import { icon } from '../shared/icon.js';
import { chosenItem } from '../shared/menu.js';
import { stateLabel } from '../shared/stateLabel.js';
import { age, elapsed } from '../shared/timeText.js';
import { button } from '../shared/toolkit.js';
import { nextStepIcons } from '../shared/nextStepIcons.js';

const actionIcons: Readonly<Record<ThreadAction, string>> = {
  open: 'go-to-file',
  review: 'diff-multiple',
  merge: 'git-merge',
  mergeSquash: 'git-merge',
  approve: 'check',
  approveAndMerge: 'git-merge',
  requestChanges: 'request-changes',
  update: 'repo-pull',
  undoMerge: 'discard',
  ...nextStepIcons,
  compareAttempts: 'split-horizontal',
  keepAttempt: 'star',
  stop: 'debug-stop',
  retry: 'debug-restart',
  askReviewer: 'debug-restart',
  close: 'circle-slash',
  reopen: 'debug-restart',
  abandon: 'trash',
  restore: 'history',
  openWorktree: 'empty-window',
  openTerminal: 'terminal',
  rawLog: 'output',
  answer: 'question',
  copyBranch: 'git-branch',
  copyCommit: 'git-commit',
  copyId: 'copy',
};

/** Summary, state, buttons, and one line of facts. */
export function pageHeader(options: {
  readonly thread: ThreadView;
  readonly runs: readonly RunView[];
  readonly strings: WebviewStrings;
  readonly act: (action: ThreadAction) => void;
}): TemplateResult {
  const { thread, runs, strings, act } = options;
  const offered = offeredActions(thread);
  const choose = (event: Event): void => {
    const action = threadActions.find(known => known === chosenItem(event));
    if (action) act(action);
  };
  // The ways out of a need stand beside the reason, in the notice below.
  const beside = thread.needs === '' ? [] : actionsForNeed(thread);
  const buttons = offered.buttons.filter(action => !beside.includes(action));
  const isOver = thread.status === 'merged' || offered.buttons.includes('stop');
  const isWaiting = !isOver && beside.length === 0 && thread.filesChanged !== 0;
  // Where agents work, where the way out is elsewhere and where nothing changed, nothing here waits for a click.
  const primary = isWaiting ? (buttons.find(action => action === 'review') ?? buttons[0]) : undefined;
  return html`<header class="page-header">
    <div class="header-line">
      <h1 title=${thread.summary}>${thread.summary}</h1>
      ${stateLabel(thread, strings)}
      <div class="header-actions">
        ${repeat(
          inPlaces(buttons),
          // Not the same element with another meaning: it would keep the focus.
          action => action,
          action =>
            action === 'merge'
              ? html`<span class="split-button"
                  >${actionButton(action, action === primary)}<muster-menu
                    .items=${[{ id: 'mergeSquash', label: strings.mergeSquash }]}
                    .label=${strings.mergeOptions}
                    @choose=${choose}
                  ></muster-menu
                ></span>`
              : actionButton(action, action === primary),
        )}
        <muster-menu
          .items=${offered.menu.map(action => ({
            ...{ id: action, label: strings[action], icon: actionIcons[action] },
            hint: actionHint(action, strings),
          }))}
          .label=${strings.moreActions}
          .iconName=${'ellipsis'}
          @choose=${choose}
        ></muster-menu>
      </div>
    </div>
    <div class="header-facts">${facts(thread, { runs, strings })}</div>
  </header>`;

  function actionButton(action: ThreadAction, isPrimary: boolean): TemplateResult {
    return button({
      label: strings[action],
      look: isPrimary ? 'primary' : 'secondary',
      onClick: () => act(action),
      testId: action,
    });
  }
}

/** What stands in the header: when it is another, a click may have been meant for what was there before. */
export function headerButtons(thread: ThreadView): string {
  return offeredActions(thread).buttons.join(' ');
}

/**
 * *Review* stands at the right end in every state (the style sheet sees to that), so that it is where it was when the agent is done.
 * In the document it is the first: VS Code gives the keyboard to the first button of a page, and Enter must not merge there.
 */
function inPlaces(actions: readonly ThreadAction[]): readonly ThreadAction[] {
  return [...actions.filter(action => action === 'review'), ...actions.filter(action => action !== 'review')];
}

function facts(
  thread: ThreadView,
  { runs, strings }: { readonly runs: readonly RunView[]; readonly strings: WebviewStrings },
): TemplateResult {
  const { agent, branch, baseRef, baseCommit, latestRun } = thread;
  // Beside its agent's name stands nothing of what a reviewer did after it.
  const own = runs.findLast(run => run.agent === agent);
  const { provider, model } = own ?? thread;
  const timed = latestRun?.agent === agent ? latestRun : own;
  const cost = formatCost(thread.costUsd);
  const tokens = formatTokens(thread.tokens);
  const approval = approvalText(thread, strings);
  const base = baseCommit === '' ? baseRef : `${baseRef === '' ? '' : `${baseRef}@`}${shortId(baseCommit)}`;
  const parts: (TemplateResult | typeof nothing)[] = [
    thread.projectName === '' ? nothing : html`<span>${thread.projectName}</span>`,
    html`<span class="fact-strong">${agent}</span>`,
    thread.attempt === undefined
      ? nothing
      : html`<span>${fill(strings.attemptOf, thread.attempt.place, thread.attempt.of)}</span>`,
    model === '' && (provider === '' || provider === agent) ? nothing : html`<span>${model || provider}</span>`,
    branch === ''
      ? nothing
      : html`<span class="fact-branch"
          >${icon('git-branch')}<span class="mono">${branch}</span>${
            base === '' ? nothing : html` ${strings.from} <span class="mono">${base}</span>`
          }</span
        >`,
    timed?.startedAt === undefined
      ? html`<span>${age(thread.createdAt, text => ago(text, strings))}</span>`
      : html`<span
          >${runs.length > 1 ? `${fill(strings.lastRunOf, agent)} ` : nothing}${elapsed(timed.startedAt, timed.endedAt)}</span
        >`,
    approval === undefined ? nothing : html`<span class="fact-approved">${icon('verified')}${approval}</span>`,
    cost === '' ? nothing : html`<span>${cost}</span>`,
    tokens === '' ? nothing : html`<span>${fill(strings.tokens, tokens)}</span>`,
  ];
  return html`${parts.filter(part => part !== nothing)}`;
}

/** "now" stands alone; every other age is "… ago". */
export function ago(text: string, strings: WebviewStrings): string {
  return text === 'now' ? text : fill(strings.age, text);
}
