import { html, nothing, type TemplateResult } from 'lit';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import type { WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { iconButton } from '../shared/toolkit.js';

/** Which threads the columns show. */
export interface BoardFilter {
  /** Words that stand in task, agent, branch, project or id. */
  readonly query: string;
  /** Empty: all. */
  readonly agent: string;
}

/** Shows everything. */
export const noFilter: BoardFilter = { query: '', agent: '' };

/** True for what shows everything. */
export function isNoFilter({ query, agent }: BoardFilter): boolean {
  return query.trim() === '' && agent === '';
}

/** The same words as the filter of the Threads tree. */
export function matchesFilter(thread: ThreadView, { query, agent }: BoardFilter): boolean {
  if (agent !== '' && thread.agent !== agent) return false;
  const { summary, branch, projectName, id } = thread;
  const text = [summary, thread.agent, branch, projectName, id].join('\n').toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

/** A box for words, and the agents of the board. */
export function filterBar(options: {
  readonly strings: WebviewStrings;
  readonly filter: BoardFilter;
  readonly agents: readonly string[];
  readonly onChange: (filter: BoardFilter) => void;
}): TemplateResult {
  const { strings, filter, agents, onChange } = options;
  return html`<search class="board-filter">
    <input
      class="filter-input"
      type="text"
      aria-label=${strings.filterThreads}
      placeholder=${strings.filterThreads}
      .value=${filter.query}
      @input=${(event: Event) => {
        if (event.target instanceof HTMLInputElement) onChange({ ...filter, query: event.target.value });
      }}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Escape') onChange(noFilter);
      }}
    />
    ${
      agents.length < 2
        ? nothing
        : html`<select
            class="select"
            aria-label=${strings.filterAgent}
            .value=${filter.agent}
            @change=${(event: Event) => {
              if (event.target instanceof HTMLSelectElement) onChange({ ...filter, agent: event.target.value });
            }}
          >
            <option value="" ?selected=${filter.agent === ''}>${strings.allAgents}</option>
            ${agents.map(name => html`<option value=${name} ?selected=${name === filter.agent}>${name}</option>`)}
          </select>`
    }
    ${
      isNoFilter(filter)
        ? nothing
        : iconButton({ label: strings.clearFilter, icon: 'close', onClick: () => onChange(noFilter) })
    }
  </search>`;
}
