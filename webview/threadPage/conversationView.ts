import { html, nothing, type TemplateResult } from 'lit';
import { formatCost, formatDuration, formatOrdinal, formatTokens } from '../../src/protocol/displayFormat.js';
import type { RunView } from '../../src/protocol/webview/threadView.js';
import { fill, isStringKey, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { testRunText } from '../../src/protocol/webview/testRunText.js';
import { icon } from '../shared/icon.js';
import { markdown } from '../shared/markdown.js';
import { terminalText } from '../shared/terminalText.js';
import { age, elapsed } from '../shared/timeText.js';
import type { ConversationRow } from './conversationRows.js';
import { ago } from './pageHeader.js';
import { toolRow } from './toolRow.js';

export interface RowContext {
  readonly strings: WebviewStrings;
  readonly expanded: ReadonlySet<string>;
  readonly toggle: (key: string) => void;
  readonly openDiff: (path: string) => void;
  readonly openFile: (path: string) => void;
  /** Place of the latest run in the queue. */
  readonly queuePosition: number | undefined;
  /** What the notice above the conversation says of this run: not said a second time. */
  readonly noticed: { readonly run: string; readonly error: string } | undefined;
}

/** Draws one row of the conversation. */
export function conversationRow(row: ConversationRow, context: RowContext): TemplateResult {
  const { strings } = context;
  switch (row.kind) {
    case 'message':
      return html`<div class="turn ${row.isPerson ? 'is-person' : ''}">
        <div class="turn-author">${row.isPerson ? strings.you : row.author}</div>
        <div class="turn-body">
          <div class="prose">
            ${row.asTyped ? html`<p class="as-typed">${row.body}</p>` : markdown(row.body, strings)}
          </div>
        </div>
        <div class="turn-time">${age(row.at, text => ago(text, strings))}</div>
      </div>`;
    case 'text':
      return html`<div class="turn">
        <div class="turn-author">${row.author}</div>
        <div class="turn-body">
          ${
            row.plain
              ? html`<div class="plain-lines">${terminalText(row.text.replace(/\n$/, ''))}</div>`
              : html`<div class="prose">${markdown(row.text, strings)}</div>`
          }
        </div>
      </div>`;
    case 'runStart':
      return html`<div class="run-start">
        <span
          >${fill(strings.runNumber, row.number)} ·
          ${row.run.agent}${row.run.model === '' ? '' : ` · ${row.run.model}`}</span
        >
      </div>`;
    case 'runEnd':
      return inTextColumn('', runEnd(row.run, isNoticed(row, context) ? '' : row.error, strings));
    case 'activity':
      return inTextColumn('', activity(row.run, context));
    case 'entry':
      return inTextColumn(row.author, entry(row, context));
  }
}

function isNoticed(
  { run, error }: { readonly run: RunView; readonly error: string },
  { noticed }: RowContext,
): boolean {
  return noticed?.run === run.id && noticed.error === error;
}

function inTextColumn(author: string, content: TemplateResult): TemplateResult {
  return html`<div class="turn is-entry">
    <div class="turn-author">${author}</div>
    <div>${content}</div>
  </div>`;
}

function entry(row: Extract<ConversationRow, { kind: 'entry' }>, context: RowContext): TemplateResult {
  const { strings, openDiff, openFile } = context;
  const of = row.row;
  const expanded = context.expanded.has(row.key);
  const onToggle = (): void => context.toggle(row.key);
  switch (of.kind) {
    case 'tool':
      return toolRow({
        call: of.call,
        result: of.result,
        runActive: row.runActive,
        expanded,
        strings,
        onToggle,
        onOpenDiff: openDiff,
        onOpenFile: openFile,
      });
    case 'thinking':
      return foldable({
        expanded,
        onToggle,
        icon: 'lightbulb',
        title: strings.thinking,
        result: '',
        body: html`<div class="prose dim">${markdown(of.text, strings)}</div>`,
      });
    case 'raw':
      return foldable({
        expanded,
        onToggle,
        icon: 'output',
        title: strings.otherOutput,
        result: of.lines === 1 ? strings.oneLine : fill(strings.lines, of.lines),
        body: html`<pre class="code-block" tabindex="0" role="group" aria-label=${strings.otherOutput}>
${terminalText(of.text)}</pre>`,
      });
    case 'error':
      return html`<div class="error-row">${icon('error')}<span class="as-typed">${of.message}</span></div>`;
  }
}

function foldable(options: {
  readonly expanded: boolean;
  readonly onToggle: () => void;
  readonly icon: string;
  readonly title: string;
  readonly result: string;
  readonly body: TemplateResult;
}): TemplateResult {
  const { expanded, onToggle, title, result, body } = options;
  return html`<div class="foldable ${expanded ? 'is-open' : ''}">
    <button class="fold-line" type="button" aria-expanded=${expanded ? 'true' : 'false'} @click=${onToggle}>
      ${icon(expanded ? 'chevron-down' : 'chevron-right', 'fold-arrow')}${icon(options.icon, 'dim')}
      <span class="fold-title dim">${title}</span>
      <span class="fold-result">${result}</span>
    </button>
    ${expanded ? html`<div class="fold-body">${body}</div>` : nothing}
  </div>`;
}

/** Word of a run's status. */
export function runWord(status: string, strings: WebviewStrings): string {
  const key = `run.${status}`;
  return isStringKey(key) ? strings[key] : status;
}

/** Codicon of a run's status. */
export function runIcon(status: string): string {
  switch (status) {
    case 'succeeded':
      return 'check';
    case 'queued':
      return 'clock';
    case 'starting':
    case 'running':
      return 'loading';
    case 'waiting':
      return 'bell-dot';
    case 'cancelled':
      return 'circle-slash';
    default:
      return 'error';
  }
}

function runEnd(run: RunView, error: string, strings: WebviewStrings): TemplateResult {
  const time =
    run.startedAt !== undefined && run.endedAt !== undefined ? formatDuration(run.endedAt - run.startedAt) : '';
  const tokens = formatTokens(run.tokens);
  const facts = [
    time,
    formatCost(run.costUsd),
    tokens === '' ? '' : fill(strings.tokens, tokens),
    run.modelsVia === undefined ? '' : fill(strings.modelsThroughHost, run.modelsVia),
  ].filter(text => text !== '');
  const bad = run.status !== 'succeeded' && run.status !== 'cancelled';
  const tests = (run.tests ?? []).map(test => testRunText(test, (word, ...values) => fill(strings[word], ...values)));
  return html`${error === '' ? nothing : html`<div class="error-row">${icon('error')}<span class="as-typed">${error}</span></div>`}
    <div class="run-end ${bad ? 'is-bad' : ''}">
      ${icon(runIcon(run.status))}<span>${[runWord(run.status, strings), ...facts].join(' · ')}</span>
    </div>
    ${tests.length === 0 ? nothing : html`<div class="run-end" title=${fill(strings.testsOfAgent, run.agent)}>${icon('beaker')}<span class="as-typed">${tests.join(' · ')}</span></div>`}`;
}

function activity(run: RunView, { strings, queuePosition }: RowContext): TemplateResult {
  const text = activityText(run, strings, queuePosition);
  return html`<div class="activity">
    ${icon(runIcon(run.status))}<span>${text}</span>
    ${run.startedAt === undefined ? nothing : html`<span class="dim">${elapsed(run.startedAt, undefined)}</span>`}
  </div>`;
}

function activityText(run: RunView, strings: WebviewStrings, queuePosition: number | undefined): string {
  if (run.stopping === true) return fill(strings.agentStopping, run.agent);
  switch (run.status) {
    case 'queued':
      return queuePosition === undefined
        ? runWord(run.status, strings)
        : fill(strings.agentQueued, run.agent, formatOrdinal(queuePosition));
    case 'starting':
      return fill(strings.agentStarting, run.agent);
    case 'waiting':
      return fill(strings.agentWaiting, run.agent);
    default:
      return fill(strings.agentWorking, run.agent);
  }
}
