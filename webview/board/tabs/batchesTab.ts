import { html, type TemplateResult } from 'lit';
import { formatCost, formatLineChanges, formatTokens } from '../../../src/protocol/displayFormat.js';
import { threadGroupOf, threadGroups, threadIcon } from '../../../src/protocol/threadDisplay.js';
import type { BatchesTab, BatchView } from '../../../src/protocol/webview/boardTabs/batchesTab.js';
import { fill, type WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { icon } from '../../shared/icon.js';
import { age } from '../../shared/timeText.js';
import { emptyTab } from './emptyTab.js';
import { row, rowList } from './rowList.js';
import type { TabContext } from './tabContext.js';

/** Batches with how far they are. */
export function batchesTab({ batches }: BatchesTab, context: TabContext): TemplateResult {
  const { strings } = context;
  if (batches.length === 0) return emptyTab(strings.emptyBatches, strings.emptyBatchesHint);
  return html`${batches.map(batch =>
    rowList({
      heading: heading(batch, context),
      rows: batch.threads.map(thread =>
        row({
          icon: icon(threadIcon(thread.status), `state-icon state-${thread.status}`),
          state: strings[`status.${thread.status}`],
          title: thread.summary,
          onOpen: () => context.act('open', thread.id),
          facts: [
            strings[`status.${thread.status}`],
            thread.agent,
            ...worth(thread, strings),
            thread.waitsFor.length === 0 ? '' : fill(strings.batchWaits, thread.waitsFor.join(', ')),
          ],
        }),
      ),
    }),
  )}`;
}

/** Model, changes, its own tests and cost: what attempts at the same task are told apart by. */
function worth(
  { model, files, additions, deletions, tests, costUsd }: BatchView['threads'][number],
  strings: WebviewStrings,
): readonly string[] {
  const changed = files === undefined || files === 0 ? '' : formatLineChanges(additions, deletions);
  return [model ?? '', changed, tests === undefined ? '' : strings[`tests.${tests}`], formatCost(costUsd)];
}

function heading(batch: BatchView, { strings, tabAct }: TabContext): TemplateResult {
  const tokens = formatTokens(batch.tokens);
  const facts = [
    progressText(batch, strings),
    formatCost(batch.costUsd),
    tokens === '' ? '' : fill(strings.tokens, tokens),
  ];
  return html`<span class="batch-name">${batch.name}</span>
    ${progress(batch)} ${facts.filter(fact => fact !== '').map(fact => html`<span class="dim">${fact}</span>`)}
    <span class="dim">${age(batch.updatedAt)}</span>
    <button
      class="icon-button"
      type="button"
      aria-label=${`${strings.abandonBatch}: ${batch.name}`}
      title=${strings.abandonBatch}
      @click=${() => tabAct({ tab: 'batches', action: { kind: 'abandon', batch: batch.name } })}
    >
      ${icon('trash')}
    </button>`;
}

/** One piece for each thread, by state, so that nothing is colour alone: the numbers stand beside it. */
function progress({ threads }: BatchView): TemplateResult {
  const pieces = threadGroups
    .toReversed()
    .flatMap(group => threads.filter(thread => threadGroupOf(thread.status) === group).map(() => group));
  return html`<span class="progress" aria-hidden="true">
    ${pieces.map(group => html`<span class="piece piece-${group}"></span>`)}
  </span>`;
}

/** `2 of 5 done · 1 needs you · 2 working` */
function progressText({ threads }: BatchView, strings: WebviewStrings): string {
  const numberOf = (group: (typeof threadGroups)[number]): number =>
    threads.filter(thread => threadGroupOf(thread.status) === group).length;
  const open = threadGroups
    .filter(group => group !== 'done' && numberOf(group) > 0)
    .map(group => `${numberOf(group)} ${strings[`group.${group}`].toLowerCase()}`);
  return [fill(strings.batchProgress, numberOf('done'), threads.length), ...open].join(' · ');
}
