import { html, nothing, type TemplateResult } from 'lit';
import { formatCost, formatMaker } from '../../src/protocol/displayFormat.js';
import type { BoardAgent } from '../../src/protocol/webview/boardMessages.js';
import { roomFacts, roomReasons } from '../../src/protocol/roomWords.js';
import type { PlaceRoom } from '../../src/protocol/webview/placeRoom.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { icon } from '../shared/icon.js';
import type { BoardState } from './boardState.js';

/** Agents with what they are doing, the room where they run elsewhere, the queue, and what today has cost. */
export function agentStrip({ strip, strings }: BoardState): TemplateResult {
  const cost = formatCost(strip.costTodayUsd);
  const manyProjects = new Set(strip.agents.map(agent => agent.projectId)).size > 1;
  return html`<header class="strip ${strip.agents.length === 0 && cost === '' ? 'is-empty' : ''}">
    <h1 class="sr-only">${strings.board}</h1>
    <ul class="strip-agents" aria-label=${strings.agents}>
      ${strip.agents.map(agent => agentLoad(agent, { strings, withProject: manyProjects }))}
    </ul>
    ${
      strip.places.length === 0
        ? nothing
        : html`<ul class="strip-places" aria-label=${strings.room}>
            ${strip.places.map(place => placeRoom(place, strings))}
          </ul>`
    }
    <dl class="strip-figures">
      ${
        strip.queued > 0
          ? html`<div>
              <dt>${strings.queue}</dt>
              <dd>${strip.queued}</dd>
            </div>`
          : nothing
      }
      ${
        cost === ''
          ? nothing
          : html`<div>
              <dt>${strings.costToday}</dt>
              <dd>${cost}</dd>
            </div>`
      }
    </dl>
  </header>`;
}

function agentLoad(
  agent: BoardAgent,
  { strings, withProject }: { readonly strings: WebviewStrings; readonly withProject: boolean },
): TemplateResult {
  // Without a limit of its own there is nothing to set the load against.
  const load =
    agent.concurrency > 0
      ? fill(strings.agentLoad, agent.active, agent.concurrency)
      : fill(strings.agentActive, agent.active);
  const queue = agent.queued > 0 ? fill(strings.agentQueue, agent.queued) : '';
  const maker = formatMaker(agent);
  const title = [agent.problem, maker, load, queue].filter(text => text !== '').join('\n');
  return html`<li class="strip-agent" title=${title}>
    ${
      agent.problem === ''
        ? html`<span class="load ${agent.active > 0 ? 'is-busy' : ''}" aria-hidden="true"></span>`
        : icon('warning', 'is-warning')
    }
    <span>${withProject ? `${agent.projectName}/` : ''}${agent.name}</span>
    ${
      agent.problem === ''
        ? html`<span class="dim">${load}</span>`
        : html`<span class="dim strip-problem">${agent.problem}</span>`
    }
    ${queue === '' ? nothing : html`<span class="dim">· ${queue}</span>`}
  </li>`;
}

function placeRoom(place: PlaceRoom, strings: WebviewStrings): TemplateResult {
  const facts = roomFacts(place, strings);
  const reasons = roomReasons(place, strings);
  const title = [place.agents.join(', '), ...facts, ...reasons].join('\n');
  return html`<li class="strip-place" title=${title}>
    ${icon(place.waiting > 0 ? 'history' : 'server-environment')}
    <span class="strip-place-words">
      <span>${place.name} <span class="dim">· ${facts.join(' · ')}</span></span>
      ${reasons.map(reason => html`<span class="dim strip-reason">${reason}</span>`)}
    </span>
  </li>`;
}
