import { html, nothing, type TemplateResult } from 'lit';
import { formatCost, formatTokens } from '../../../src/protocol/displayFormat.js';
import { threadIcon } from '../../../src/protocol/threadDisplay.js';
import type { ChainsTab, ChainStepView, ChainView } from '../../../src/protocol/webview/boardTabs/chainsTab.js';
import { fill, isStringKey, type WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';
import { icon } from '../../shared/icon.js';
import { elapsed } from '../../shared/timeText.js';
import { emptyTab } from './emptyTab.js';
import { runIcon } from './runIcon.js';
import type { TabContext } from './tabContext.js';

/** Chains of hand-offs, each a graph that is read from left to right. */
export function chainsTab({ chains, older, several }: ChainsTab, context: TabContext): TemplateResult {
  const { strings } = context;
  if (chains.length === 0) return emptyTab(strings.emptyChains, strings.emptyChainsHint);
  return html`${chains.map(chain => chainGraph(chain, { ...context, several }))}
  ${older === 0 ? nothing : html`<p class="tab-note">${fill(strings.olderChains, older)}</p>`}`;
}

function chainGraph(
  chain: ChainView,
  { strings, act, several }: TabContext & { readonly several: boolean },
): TemplateResult {
  const facts = [
    several ? chain.projectName : '',
    stateText(chain, strings),
    chain.waiting.length === 0 ? '' : fill(strings.chainWaits, chain.waiting.join(', ')),
    formatCost(chain.costUsd),
  ];
  return html`<section class="rows">
    <h2>
      ${icon(threadIcon(chain.status), `state-icon state-${chain.status}`)}
      <span class="sr-only">${strings[`status.${chain.status}`]}</span>
      <button class="row-title" type="button" @click=${() => act('open', chain.threadId)}>${chain.summary}</button>
      ${facts.filter(fact => fact !== '').map(fact => html`<span class="dim">${fact}</span>`)}
    </h2>
    ${chain.note === '' ? nothing : html`<p class="chain-note">${chain.note}</p>`}
    <ol class="chain">
      <li class="chain-node"><span>${who(chain.steps[0]?.from ?? '', strings)}</span></li>
      ${chain.steps.map((step, index) => chainStep(step, strings, chain.steps[index - 1]?.to ?? step.from))}
    </ol>
  </section>`;
}

/** Who approved it is more than that somebody did. */
function stateText({ state, approvedBy }: ChainView, strings: WebviewStrings): string {
  if (approvedBy.length > 0)
    return fill(strings.chainApprovedBy, approvedBy.map(name => who(name, strings)).join(', '));
  return wordOf(`chain.${state}`, strings) ?? state;
}

/** An arrow with what was asked for, and the agent with what came of it; whoever asks is named where it is not the one before the arrow. */
function chainStep(step: ChainStepView, strings: WebviewStrings, before: string): TemplateResult {
  const { status, verdict, startedAt } = step;
  const intent =
    (step.from === 'you' ? wordOf(`intent.you.${step.intent}`, strings) : undefined) ??
    wordOf(`intent.${step.intent}`, strings) ??
    step.intent;
  const tokens = formatTokens(step.tokens);
  const facts = [
    status === undefined ? '' : (wordOf(`run.${status}`, strings) ?? status),
    startedAt === undefined ? '' : elapsed(startedAt, step.endedAt),
    formatCost(step.costUsd),
    tokens === '' ? '' : fill(strings.tokens, tokens),
  ];
  return html`<li class="chain-node">
    <span class="chain-edge">
      <span class=${step.from === before ? 'sr-only' : 'chain-asker'}>${who(step.from, strings)}</span>
      ${icon('arrow-right')}
      <span>${intent}</span>
    </span>
    <span class="chain-agent">${runIcon(status)}<span>${who(step.to, strings)}</span></span>
    ${
      verdict === undefined
        ? nothing
        : html`<span class="chain-verdict verdict-${verdict}"
            >${icon(verdictIcons.get(verdict) ?? 'comment')}<span
              >${wordOf(`verdict.${verdict}`, strings) ?? verdict}</span
            ></span
          >`
    }
    <span class="chain-facts">${facts.filter(fact => fact !== '').map(fact => html`<span>${fact}</span>`)}</span>
  </li>`;
}

const verdictIcons: ReadonlyMap<string, string> = new Map([
  ['approve', 'pass'],
  ['request_changes', 'request-changes'],
]);

function who(name: string, strings: WebviewStrings): string {
  return name === 'you' ? strings.you : name;
}

function wordOf(key: string, strings: WebviewStrings): string | undefined {
  return isStringKey(key) ? strings[key] : undefined;
}
