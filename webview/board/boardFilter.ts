import { html, nothing, type TemplateResult } from 'lit';
import type { WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { iconButton } from '../shared/toolkit.js';
import { isNoFilter, noFilter, type BoardFilter } from './threadFilter.js';

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
