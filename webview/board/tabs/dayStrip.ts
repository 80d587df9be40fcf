import { html, svg, type TemplateResult } from 'lit';
import {
  fireOutcomes,
  type FireOutcomeWord,
  type TriggerView,
} from '../../../src/protocol/webview/boardTabs/schedulesTab.js';
import { fill, type WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { icon } from '../../shared/icon.js';
import { clockTime } from '../../shared/timeText.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A name before this much of the strip, in percent, stands clear of *now* only where the strip is wide. */
const besideNow = 23;
/** Times that are read out; the strip shows all. */
const timesRead = 6;

const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });

/** The next 24 hours from `now` on: a line for each moment at which the trigger is due, a mark for every six hours of the clock. */
export function dayStrip(trigger: TriggerView, now: number, strings: WebviewStrings): TemplateResult {
  const { upcoming, goesOn } = trigger;
  const times = upcoming.slice(0, timesRead).map(clockTime).join(', ');
  const shown =
    upcoming.length === 0
      ? strings.scheduleNothing
      : upcoming.length > timesRead
        ? fill(strings.scheduleMore, times, `${upcoming.length - timesRead}${goesOn ? '+' : ''}`)
        : times;
  const label = fill(strings.scheduleNextDay, shown);
  return html`<svg class="day-strip" role="img" aria-label=${label} preserveAspectRatio="none" viewBox="0 0 1000 20">
    <title>${label}</title>
    ${hours(now).map(at => svg`<line class="strip-hour" x1=${placeOf(at, now)} x2=${placeOf(at, now)} y1="0" y2="20"></line>`)}
    ${upcoming.map(at => svg`<line class="strip-fire" x1=${placeOf(at, now)} x2=${placeOf(at, now)} y1="3" y2="17"></line>`)}
    ${goesOn ? svg`<line class="strip-fire strip-on" x1=${placeOf(upcoming.at(-1) ?? now, now)} x2="1000" y1="10" y2="10"></line>` : ''}
  </svg>`;
}

/** Names of the hours that the strips are marked at. */
export function stripHours(now: number, strings: WebviewStrings): TemplateResult {
  // Not by style: the policy of the view takes none.
  return html`<svg class="strip-hours" aria-hidden="true">
    <text x="0" y="12">${strings.scheduleNow}</text>
    ${hours(now).map(at => {
      const place = placeOf(at, now) / 10;
      return place < 8 || place > 94
        ? ''
        : svg`<text class=${place < besideNow ? 'beside-now' : ''} x=${`${place}%`} y="12" text-anchor="middle">${clockTime(at)}</text>`;
    })}
  </svg>`;
}

function placeOf(at: number, now: number): number {
  return Math.round(((at - now) / dayMs) * 1_000);
}

/** Every sixth hour of the clock here that lies in the strip. */
function hours(now: number): readonly number[] {
  const first = new Date(now);
  first.setHours(first.getHours() + 6 - (first.getHours() % 6), 0, 0, 0);
  return Array.from({ length: 4 }, (_, index) => first.getTime() + index * 6 * hourMs).filter(at => at - now < dayMs);
}

const dayIcons = {
  failed: 'error',
  missed: 'circle-slash',
  skipped: 'debug-step-over',
  waiting: 'clock',
  started: 'pass',
};
/** What a person should see first. */
const worstFirst = ['failed', 'missed', 'waiting', 'skipped', 'started'] as const;

/** What came of the trigger on each of the last seven days: how often it was due, and the worst that happened. */
export function lastDays(trigger: TriggerView, days: readonly number[], strings: WebviewStrings): TemplateResult {
  return html`<ol class="last-days" aria-label=${strings.scheduleLastDays}>
    ${days.map((day, index) => {
      const countOf = (outcome: FireOutcomeWord): number => trigger.days[index]?.[outcome] ?? 0;
      const told = fireOutcomes.filter(outcome => countOf(outcome) > 0);
      const words = told.map(outcome => `${countOf(outcome)} ${strings[`fire.${outcome}`]}`).join(', ');
      const all = told.reduce((sum, outcome) => sum + countOf(outcome), 0);
      const worst = worstFirst.find(outcome => told.includes(outcome));
      const label = fill(strings.scheduleDay, weekday.format(day), words === '' ? strings.scheduleQuiet : words);
      return html`<li title=${label} class=${`day day-${worst ?? 'quiet'}`}>
        <span class="sr-only">${label}</span>
        <span aria-hidden="true" class="day-name">${weekday.format(day)}</span>
        <span aria-hidden="true" class="day-count"
          >${worst === undefined ? '·' : html`${icon(dayIcons[worst])}${all}`}</span
        >
      </li>`;
    })}
  </ol>`;
}
