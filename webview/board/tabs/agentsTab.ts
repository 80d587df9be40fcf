import { html, nothing, svg, type TemplateResult } from 'lit';
import { formatCost, formatMaker, formatTokens, sumKnown } from '../../../src/protocol/displayFormat.js';
import type { AgentCard, AgentsTab, DayCost } from '../../../src/protocol/webview/boardTabs/agentsTab.js';
import { fill, type WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { icon } from '../../shared/icon.js';
import { emptyTab } from './emptyTab.js';
import { row, rowList } from './rowList.js';
import type { TabContext } from './tabContext.js';

/** As many colours as the theme has for charts; agents beyond them share. */
const colors = 6;

/** Agents with their health, what was spent by day, and the numbers beneath. */
export function agentsTab(content: AgentsTab, context: TabContext): TemplateResult {
  const { agents, days } = content;
  const { strings } = context;
  if (agents.length === 0) return emptyTab(strings.emptyAgents, strings.emptyAgentsHint);
  const several = new Set(agents.map(({ projectId }) => projectId)).size > 1;
  const nameOf = (agent: AgentCard): string => (several ? `${agent.projectName}/${agent.name}` : agent.name);
  return html`${rowList({
    heading: strings.agents,
    rows: agents.map(agent => agentRow(agent, { ...context, name: nameOf(agent) })),
  })}
  ${costChart(days, { strings, order: agents.map(nameOf) })} ${costTable(agents, { strings, nameOf })}`;
}

function agentRow(agent: AgentCard, { strings, tabAct, name }: TabContext & { readonly name: string }): TemplateResult {
  const { projectId, problem } = agent;
  const health = healthOf(agent, strings);
  const dispatch = (): void => tabAct({ tab: 'agents', action: { kind: 'dispatch', projectId, agent: agent.name } });
  const fix = (): void => tabAct({ tab: 'agents', action: { kind: 'fix', projectId, agent: agent.name } });
  return row({
    icon: icon(health.icon, health.tone),
    state: health.word,
    title: name,
    onOpen: problem === '' ? dispatch : fix,
    facts: [
      health.word,
      // Without a limit of its own there is nothing to set the load against.
      agent.concurrency === 0
        ? fill(strings.agentActive, agent.active)
        : fill(strings.agentLoad, agent.active, agent.concurrency),
      agent.queued === 0 ? '' : fill(strings.agentQueue, agent.queued),
      formatMaker(agent),
      agent.driver,
      agent.permissions,
      agent.handoffTo.length === 0 ? '' : fill(strings.agentHandsTo, agent.handoffTo.join(', ')),
      agent.triggers === 0
        ? ''
        : agent.triggers === 1
          ? strings.oneTrigger
          : fill(strings.triggerCount, agent.triggers),
    ],
    detail: problem,
    actions: [
      ...(problem === '' ? [] : [{ icon: 'question', label: strings.fixAgent, onClick: fix }]),
      { icon: 'play', label: fill(strings.dispatchTo, name), onClick: dispatch },
    ],
  });
}

function healthOf(
  agent: AgentCard,
  strings: WebviewStrings,
): { readonly icon: string; readonly tone: string; readonly word: string } {
  const failures = agent.failuresInARow;
  if (agent.problem !== '') return { icon: 'warning', tone: 'is-warning', word: strings.agentNeedsYou };
  if (agent.circuit === 'open')
    return { icon: 'error', tone: 'state-failed', word: fill(strings.circuitOpen, failures) };
  if (agent.circuit === 'half_open')
    return { icon: 'sync', tone: 'is-warning', word: fill(strings.circuitProbe, failures) };
  if (agent.active > 0) return { icon: 'loading', tone: 'state-working', word: strings.agentBusy };
  return { icon: 'pass', tone: 'state-ready', word: strings.agentReady };
}

/** One bar a day, in pieces by agent; the table beneath says the same in numbers. */
function costChart(
  days: readonly DayCost[],
  { strings, order }: { readonly strings: WebviewStrings; readonly order: readonly string[] },
): TemplateResult {
  const totals = days.map(({ costs }) => costs.reduce((sum, { costUsd }) => sum + costUsd, 0));
  const highest = Math.max(...totals);
  if (!(highest > 0)) {
    return html`<section class="rows">
      <h2>${strings.costs}</h2>
      <p class="tab-note">${strings.costsNone}</p>
    </section>`;
  }
  const present = order.filter(name => days.some(({ costs }) => costs.some(({ agent }) => agent === name)));
  const width = 100 / days.length;
  const bars = days.map(({ costs }, i) => {
    let top = 100;
    return costs.map(({ agent, costUsd }) => {
      const height = (costUsd / highest) * 100;
      top -= height;
      return svg`<rect class=${seriesClass(order, agent)} x=${`${(i + 0.15) * width}%`} y=${`${top}%`}
        width=${`${0.7 * width}%`} height=${`${height}%`}></rect>`;
    });
  });
  return html`<section class="rows">
    <h2>${strings.costs}</h2>
    <figure class="costs">
      <svg class="costs-bars" role="img" aria-label=${chartText(days, totals, strings)}>${bars}</svg>
      <div class="costs-days" aria-hidden="true">
        ${days.map(({ day }, i) => html`<span>${i % 2 === days.length % 2 ? '' : shortDay(day)}</span>`)}
      </div>
      <ul class="costs-legend">
        ${present.map(name => html`<li><span class="swatch ${seriesClass(order, name)}"></span>${name}</li>`)}
      </ul>
    </figure>
  </section>`;
}

function seriesClass(order: readonly string[], agent: string): string {
  return `series-${Math.max(0, order.indexOf(agent)) % colors}`;
}

/** `11-26` */
function shortDay(day: string): string {
  return day.slice(5);
}

function chartText(days: readonly DayCost[], totals: readonly number[], strings: WebviewStrings): string {
  const spent = days.flatMap(({ day }, i) => {
    const cost = formatCost(totals[i]);
    return (totals[i] ?? 0) > 0 ? [fill(strings.costOfDay, day, cost)] : [];
  });
  return `${strings.costs}. ${spent.join(', ')}`;
}

function costTable(
  agents: readonly AgentCard[],
  { strings, nameOf }: { readonly strings: WebviewStrings; readonly nameOf: (agent: AgentCard) => string },
): TemplateResult {
  const known = agents.filter(({ lately }) => lately.runs > 0);
  if (known.length === 0) return html`${nothing}`;
  const columns = ['agent', 'today', 'lately', 'runs', 'failed', 'input', 'output', 'cacheRead', 'cacheWrite'] as const;
  return html`<div class="table-frame" tabindex="0" role="region" aria-label=${strings.costs}>
    <table class="figures">
      <thead>
        <tr>
          ${columns.map(column => html`<th scope="col">${strings[`costColumn.${column}`]}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${known.map(agent => {
          const { today, lately } = agent;
          const numbers = [
            formatCost(today.costUsd),
            formatCost(lately.costUsd),
            String(lately.runs),
            lately.failed === 0 ? '' : String(lately.failed),
            formatTokens(lately.inputTokens),
            formatTokens(lately.outputTokens),
            formatTokens(lately.cacheReadTokens),
            formatTokens(lately.cacheWriteTokens),
          ];
          return html`<tr>
            <th scope="row">${nameOf(agent)}</th>
            ${numbers.map(text => html`<td>${text}</td>`)}
          </tr>`;
        })}
      </tbody>
      ${known.length < 2 ? nothing : totalRow(known)}
    </table>
  </div>`;
}

function totalRow(agents: readonly AgentCard[]): TemplateResult {
  const total = (amount: (agent: AgentCard) => number | undefined): number | undefined =>
    sumKnown(...agents.map(amount));
  const numbers = [
    formatCost(total(({ today }) => today.costUsd)),
    formatCost(total(({ lately }) => lately.costUsd)),
    String(total(({ lately }) => lately.runs) ?? 0),
    String(total(({ lately }) => lately.failed) || ''),
    formatTokens(total(({ lately }) => lately.inputTokens)),
    formatTokens(total(({ lately }) => lately.outputTokens)),
    formatTokens(total(({ lately }) => lately.cacheReadTokens)),
    formatTokens(total(({ lately }) => lately.cacheWriteTokens)),
  ];
  return html`<tfoot>
    <tr>
      <th scope="row">Σ</th>
      ${numbers.map(text => html`<td>${text}</td>`)}
    </tr>
  </tfoot>`;
}
