import { html, type TemplateResult } from 'lit';
import type { EndedMergeView, QueuedMergeView, QueueTab } from '../../../src/protocol/webview/boardTabs/queueTab.js';
import { fill, isStringKey, type WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { icon } from '../../shared/icon.js';
import { age } from '../../shared/timeText.js';
import { emptyTab } from './emptyTab.js';
import { row, rowList, type RowAction } from './rowList.js';
import type { TabContext } from './tabContext.js';

/** The merge queue, a list for each target, and what came of the last ones. */
export function queueTab({ queue, ended }: QueueTab, context: TabContext): TemplateResult {
  const { strings } = context;
  if (queue.length === 0 && ended.length === 0) return emptyTab(strings.emptyQueue, strings.emptyQueueHint);
  const lines = Map.groupBy(queue, ({ repository, target }) => `${repository}\n${target}`);
  return html`${[...lines.values()].map(line =>
    rowList({
      heading: fill(strings.queueTarget, line[0]?.repository ?? '', line[0]?.target ?? ''),
      rows: line.map(merge => queuedRow(merge, context)),
    }),
  )}
  ${ended.length === 0 ? '' : rowList({ heading: strings.queueEnded, rows: ended.map(merge => endedRow(merge, context)) })}`;
}

function queuedRow(merge: QueuedMergeView, { strings, act, tabAct }: TabContext): TemplateResult {
  const { id, earlier, later, checks } = merge;
  const move = (mergeId: string, before: string): void =>
    tabAct({ tab: 'queue', action: { kind: 'move', mergeId, before } });
  const turns: readonly RowAction[] = [
    ...(earlier === undefined
      ? []
      : [{ icon: 'arrow-up', label: strings.mergeEarlier, onClick: () => move(id, earlier) }]),
    ...(later === undefined ? [] : [{ icon: 'arrow-down', label: strings.mergeLater, onClick: () => move(later, id) }]),
  ];
  return row({
    icon: merge.status === 'queued' ? icon('clock') : icon('loading'),
    state: mergeSentence(merge, strings),
    title: merge.summary,
    onOpen: () => act('open', merge.threadId),
    facts: [
      mergeSentence(merge, strings),
      merge.agent,
      merge.strategy,
      merge.priority === 0 ? '' : fill(strings.queuePriority, merge.priority),
      checks === 0 ? '' : checks === 1 ? strings.queueOneCheck : fill(strings.queueChecks, checks),
      age(merge.createdAt),
    ],
    detail: merge.message,
    actions: [
      ...turns,
      {
        icon: 'close',
        label: strings.cancelMerge,
        onClick: () => tabAct({ tab: 'queue', action: { kind: 'cancel', mergeId: id } }),
      },
    ],
  });
}

const endedIcons: Readonly<Record<string, string>> = { merged: 'check', undone: 'discard', cancelled: 'circle-slash' };

function endedRow(merge: EndedMergeView, { strings, act }: TabContext): TemplateResult {
  return row({
    icon: icon(new Map(Object.entries(endedIcons)).get(merge.status) ?? 'error'),
    state: mergeSentence(merge, strings),
    title: merge.summary,
    onOpen: () => act('open', merge.threadId),
    facts: [mergeSentence(merge, strings), age(merge.endedAt)],
    detail: ['merged', 'undone'].includes(merge.status)
      ? ''
      : [merge.message, ...merge.files].filter(text => text !== '').join(' · '),
  });
}

function mergeSentence({ status, target }: Pick<EndedMergeView, 'status' | 'target'>, strings: WebviewStrings): string {
  const key = `merge.${status}`;
  return isStringKey(key) ? fill(strings[key], target) : status;
}
