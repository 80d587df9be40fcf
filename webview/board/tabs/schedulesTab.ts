import { html, nothing, type TemplateResult } from 'lit';
import type {
  EventView,
  FireView,
  SchedulesTab,
  TriggerView,
} from '../../../src/protocol/webview/boardTabs/schedulesTab.js';
import { exactDuration } from '../../../src/base/exactDuration.js';
import { fill, isStringKey, type WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { icon } from '../../shared/icon.js';
import { age, until } from '../../shared/timeText.js';
import { dayStrip, lastDays, stripHours } from './dayStrip.js';
import { button } from '../../shared/toolkit.js';
import { row, rowList } from './rowList.js';
import type { TabContext } from './tabContext.js';

/** Triggers with what is due and what came of it, a list for each agent, and what was published. */
export function schedulesTab(content: SchedulesTab, context: TabContext): TemplateResult {
  const { triggers, events, now } = content;
  const agents = Map.groupBy(triggers, ({ projectId, agent }) => `${projectId} ${agent}`);
  return html`${triggers.length === 0 ? noSchedules(content, context) : nothing}
  ${[...agents.values()].map(ofAgent =>
    rowList({
      heading: agentHeading(ofAgent[0], now, context),
      rows: ofAgent.map(trigger => triggerRow(trigger, content, context)),
    }),
  )}
  ${triggers.length === 0 && events.length === 0 ? nothing : eventList(events, context)}`;
}

/** A schedule as it is written; words of the language, which are the same everywhere. */
const example = `agents:
  dev:
    scheduler:
      triggers:
        - name: nightly
          cron: '30 3 * * *'
          prompt: Update one outdated dependency.`;

/** What a schedule is, and how to have one. */
function noSchedules({ editable, events }: SchedulesTab, { strings, tabAct }: TabContext): TemplateResult {
  const edit = (): void => tabAct({ tab: 'schedules', action: { kind: 'edit' } });
  return html`<div class=${events.length === 0 ? 'blank' : 'blank blank-above'}>
    <h2>${strings.emptySchedules}</h2>
    <p>${strings.emptySchedulesHint}</p>
    <pre class="schedule-example">${example}</pre>
    ${
      editable === true
        ? button({ label: strings.openComposeFile, icon: 'go-to-file', look: 'primary', onClick: edit })
        : nothing
    }
  </div>`;
}

function eventList(events: SchedulesTab['events'], context: TabContext): TemplateResult {
  const { strings } = context;
  return rowList({
    heading: html`<span>${strings.events}</span> <span class="dim">${strings.eventsHint}</span>`,
    rows:
      events.length === 0
        ? [html`<li class="row row-detail">${strings.eventsNone}</li>`]
        : events.map(event => eventRow(event, context)),
  });
}

function agentHeading(
  trigger: TriggerView | undefined,
  now: number,
  { strings, tabAct }: TabContext,
): TemplateResult | string {
  if (!trigger) return '';
  const { projectId, projectName, agent } = trigger;
  return html`<span>${fill(strings.scheduleOf, projectName, agent)}</span>
    <button
      class="icon-button"
      type="button"
      aria-label=${`${strings.schedulePreview}: ${projectName}`}
      title=${strings.schedulePreview}
      @click=${() => tabAct({ tab: 'schedules', action: { kind: 'preview', projectId } })}
    >
      ${icon('calendar')}
    </button>
    <span class="strip-captions" aria-hidden="true">
      <span>${strings.scheduleNext24}</span><span class="caption-days">${strings.scheduleLastDays}</span>
    </span>
    ${stripHours(now, strings)}`;
}

function triggerRow(trigger: TriggerView, { now, days }: SchedulesTab, context: TabContext): TemplateResult {
  const { strings, tabAct } = context;
  const { projectId, agent, name, enabled } = trigger;
  const key = { projectId, agent, name };
  const fire = (): void => tabAct({ tab: 'schedules', action: { kind: 'fire', ...key } });
  const state = enabled ? '' : strings.scheduleOff;
  return row({
    icon: icon(trigger.kind === 'event' ? 'broadcast' : enabled ? 'watch' : 'circle-slash'),
    state,
    title: name,
    onOpen: () => openLast(trigger, context),
    facts: [nextText(trigger, strings), sourceText(trigger, strings)],
    below: html`<div class="schedule-facts">${dayStrip(trigger, now, strings)} ${lastDays(trigger, days, strings)}</div>
      ${
        trigger.fires.length === 0
          ? ''
          : html`<ul class="schedule-fires">
              ${trigger.fires.map(each => fireLine(each, context))}
            </ul>`
      }`,
    actions: [
      { icon: 'play', label: strings.scheduleFire, onClick: fire },
      {
        icon: enabled ? 'debug-pause' : 'debug-continue',
        label: enabled ? strings.scheduleSwitchOff : strings.scheduleSwitchOn,
        onClick: () => tabAct({ tab: 'schedules', action: { kind: 'switch', ...key, enabled: !enabled } }),
      },
    ],
  });
}

/** `every 90 s`, `30 3 * * *@Europe/Berlin`; an event's topic is said by what it waits for. */
function sourceText({ kind, source }: TriggerView, strings: WebviewStrings): string {
  const rest = source.slice(source.indexOf(':') + 1);
  switch (kind) {
    case 'event':
      return '';
    case 'interval':
      return fill(strings.scheduleEvery, exactDuration(Number(rest)));
    case 'timeout':
      return fill(strings.scheduleOnce, exactDuration(Number(rest)));
    default:
      return rest;
  }
}

function nextText(trigger: TriggerView, strings: WebviewStrings): unknown {
  const { enabled, kind, source, nextFireAt } = trigger;
  if (!enabled) return strings.scheduleOff;
  if (kind === 'event') return fill(strings.scheduleWaits, source);
  if (nextFireAt === undefined) return strings.scheduleSpent;
  return until(nextFireAt, text => (text === '' ? strings.scheduleDue : fill(strings.scheduleNext, text)));
}

/** What it last made: its thread, or what its script did. */
function openLast({ fires }: TriggerView, context: TabContext): void {
  const last = fires.find(({ threadId, scriptRunId }) => threadId !== undefined || scriptRunId !== undefined);
  if (last) openFire(last, context);
}

function openFire({ threadId, scriptRunId }: FireView, { act, tabAct }: TabContext): void {
  if (threadId !== undefined) act('open', threadId);
  else if (scriptRunId !== undefined) tabAct({ tab: 'schedules', action: { kind: 'script', id: scriptRunId } });
}

const fireIcons = {
  started: 'play',
  waiting: 'clock',
  skipped: 'debug-step-over',
  missed: 'circle-slash',
  failed: 'error',
};

const runIcons: ReadonlyMap<string, string> = new Map([
  ['succeeded', 'pass'],
  ['cancelled', 'circle-slash'],
  ['queued', 'clock'],
]);
const broken: ReadonlySet<string> = new Set(['failed', 'timed_out', 'lost']);

/** One that became a run is what its run is by now. */
function lookOf(
  { outcome, runStatus = '' }: FireView,
  strings: WebviewStrings,
): { readonly word: string; readonly icon: string; readonly tone: string } {
  if (outcome !== 'started' || runStatus === '')
    return { word: strings[`fire.${outcome}`], icon: fireIcons[outcome], tone: outcome };
  const word = wordOf(`run.${runStatus}`, strings);
  if (broken.has(runStatus)) return { word, icon: 'error', tone: 'failed' };
  return { word, icon: runIcons.get(runStatus) ?? 'play', tone: outcome };
}

function fireLine(fire: FireView, context: TabContext): TemplateResult {
  const { strings } = context;
  const { word, icon: shown, tone } = lookOf(fire, strings);
  const leads = fire.threadId !== undefined || fire.scriptRunId !== undefined;
  const facts = [
    fire.by === 'clock' ? '' : wordOf(`fireBy.${fire.by}`, strings),
    fire.missed === 0 ? '' : fill(strings.scheduleMissed, fire.missed),
    fire.reason,
  ];
  return html`<li class=${`fire fire-${tone}`}>
    ${icon(shown)}
    ${
      leads
        ? html`<button class="fire-open" type="button" @click=${() => openFire(fire, context)}>${word}</button>`
        : html`<span>${word}</span>`
    }
    <span class="dim">${age(fire.at)}</span>
    <span class="dim">${facts.filter(fact => fact !== '').join(' · ')}</span>
  </li>`;
}

const eventIcons: ReadonlyMap<string, string> = new Map([
  ['delivered', 'pass'],
  ['dead_letter', 'error'],
  ['no_subscriber', 'circle-outline'],
]);

function eventRow(event: EventView, { strings, act, tabAct }: TabContext): TemplateResult {
  const { id, topic, state, source, deliveries } = event;
  const word = wordOf(`event.${state}`, strings);
  return row({
    icon: icon(eventIcons.get(state) ?? 'clock'),
    state: word,
    title: topic,
    onOpen: () => tabAct({ tab: 'schedules', action: { kind: 'event', id } }),
    facts: [word, source, age(event.createdAt)],
    below: html`${deliveries.map(({ agent, trigger, threadId, state: came, reason }) => {
      const told = [`${agent} · ${trigger}`, came.replaceAll('_', ' '), reason].filter(part => part !== '').join(' · ');
      return html`<div class="row-detail">
        ${
          threadId === undefined
            ? told
            : html`<button class="fire-open" type="button" @click=${() => act('open', threadId)}>${told}</button>`
        }
      </div>`;
    })}`,
    actions:
      state === 'dead_letter'
        ? [
            {
              icon: 'refresh',
              label: strings.eventReplay,
              onClick: () => tabAct({ tab: 'schedules', action: { kind: 'replay', id } }),
            },
          ]
        : [],
  });
}

/** The word of a state that this version knows; else the state itself. */
function wordOf(key: string, strings: WebviewStrings): string {
  return isStringKey(key) ? strings[key] : key.slice(key.indexOf('.') + 1).replaceAll('_', ' ');
}
