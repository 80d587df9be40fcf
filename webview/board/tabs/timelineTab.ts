import { html, svg, type TemplateResult } from 'lit';
import { formatCost, formatDuration } from '../../../src/protocol/displayFormat.js';
import type { TimelineTab } from '../../../src/protocol/webview/boardTabs/timelineTab.js';
import { timelineSpans, type TimelineSpan } from '../../../src/protocol/webview/boardViewState.js';
import { fill, isStringKey, type WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { clockTime, monthAndDay } from '../../shared/timeText.js';
import { emptyTab } from './emptyTab.js';
import type { TabContext } from './tabContext.js';
import { timelineLanes, timelineTicks, type TimelineBar, type TimelineLane } from './timelineLanes.js';

const rowHeight = 20;
const hourMs = 60 * 60_000;

/** One lane for each agent, runs as bars. Arrow keys go from bar to bar, Enter opens the thread. */
export function timelineTab({ runs }: TimelineTab, context: TabContext): TemplateResult {
  const { strings, kept, keep } = context;
  if (runs.length === 0) return emptyTab(strings.emptyTimeline, strings.emptyTimelineHint);
  const span = kept.timelineHours ?? 6;
  const now = Date.now();
  const time = { from: now - span * hourMs, now };
  const lanes = timelineLanes(runs, time);
  return html`<div class="timeline-bar">
      <label for="timeline-span">${strings.timelineSpan}</label>
      <select
        id="timeline-span"
        class="select"
        @change=${(event: Event) => {
          const chosen = spanOf(event);
          if (chosen !== undefined) keep({ timelineHours: chosen });
        }}
      >
        ${timelineSpans.map(
          hours => html`<option value=${hours} ?selected=${hours === span}>${strings[`span.${hours}`]}</option>`,
        )}
      </select>
    </div>
    ${
      lanes.length === 0
        ? html`<p class="tab-note">${strings.spanEmpty}</p>`
        : html`<div class="timeline" @keydown=${onKeyDown}>
            ${lanes.map((lane, i) => laneView(lane, { context, first: i === 0 }))}
            <div class="lane-axis" aria-hidden="true">
              <svg class="axis">
                ${timelineTicks(time).map(
                  at =>
                    svg`<text x=${`${((at - time.from) / (now - time.from)) * 100}%`} y="12">${tickName(at, span)}</text>`,
                )}
              </svg>
            </div>
          </div>`
    }`;
}

function laneView(
  { name, bars, rows }: TimelineLane,
  { context, first }: { readonly context: TabContext; readonly first: boolean },
): TemplateResult {
  return html`<section class="lane" aria-label=${name}>
    <h2>${name}</h2>
    <svg class="bars" height=${rows * rowHeight}>
      ${bars.map((bar, i) => barView(bar, { context, tabIndex: first && i === bars.length - 1 ? '0' : '-1' }))}
    </svg>
  </section>`;
}

function barView(
  { run, start, end, row }: TimelineBar,
  { context, tabIndex }: { readonly context: TabContext; readonly tabIndex: string },
): TemplateResult {
  const { strings, act } = context;
  const open = (): void => act('open', run.threadId);
  const label = fill(strings.runLabel, run.agent, run.summary, barFacts(run, strings));
  return svg`<g
    class="bar bar-${run.status}"
    role="button"
    tabindex=${tabIndex}
    aria-label=${label}
    @click=${open}
    @keydown=${(event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      open();
    }}
  ><title>${label}</title><rect
    x=${`${start * 100}%`}
    y=${row * rowHeight + 2}
    width=${`${Math.max(0.4, (end - start) * 100)}%`}
    height=${rowHeight - 4}
    rx="2"
  ></rect></g>`;
}

function barFacts(run: TimelineTab['runs'][number], strings: WebviewStrings): string {
  const key = `run.${run.status}`;
  const took = run.startedAt === undefined ? undefined : (run.endedAt ?? Date.now()) - run.startedAt;
  const parts = [
    isStringKey(key) ? strings[key] : run.status,
    took === undefined ? '' : formatDuration(took),
    formatCost(run.costUsd),
  ];
  return parts.filter(part => part !== '').join(', ');
}

function tickName(at: number, span: TimelineSpan): string {
  return span === 168 ? monthAndDay(at) : clockTime(at);
}

function spanOf(event: Event): TimelineSpan | undefined {
  const { target } = event;
  return target instanceof HTMLSelectElement ? timelineSpans.find(hours => String(hours) === target.value) : undefined;
}

/** Left and right within a lane, up and down to the nearest bar of the lanes beside it. */
function onKeyDown(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { target, currentTarget } = event;
  if (!(target instanceof SVGElement) || !(currentTarget instanceof HTMLElement)) return;
  const lanes = [...currentTarget.querySelectorAll('.lane')].map(lane => [
    ...lane.querySelectorAll<SVGElement>('.bar'),
  ]);
  const lane = lanes.findIndex(bars => bars.includes(target));
  const bars = lanes[lane];
  if (!bars) return;
  const at = bars.indexOf(target);
  const next = {
    ArrowRight: bars[at + 1],
    ArrowLeft: bars[at - 1],
    Home: bars[0],
    End: bars.at(-1),
    ArrowDown: nearest(lanes[lane + 1], target),
    ArrowUp: nearest(lanes[lane - 1], target),
  }[event.key];
  if (!next) return;
  event.preventDefault();
  for (const bar of lanes.flat()) bar.setAttribute('tabindex', bar === next ? '0' : '-1');
  next.focus();
}

function nearest(bars: readonly SVGElement[] | undefined, to: SVGElement): SVGElement | undefined {
  const middle = (bar: SVGElement): number => {
    const { left, right } = bar.getBoundingClientRect();
    return (left + right) / 2;
  };
  return bars?.toSorted((a, b) => Math.abs(middle(a) - middle(to)) - Math.abs(middle(b) - middle(to)))[0];
}
