import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../../shared/icon.js';

/** A button of a row that shows only its icon. */
export interface RowAction {
  readonly icon: string;
  readonly label: string;
  readonly onClick: () => void;
}

/** One row of a tab: an icon, a title that opens something, facts in dim, and what can be done with it. */
export function row(options: {
  readonly icon: TemplateResult;
  /** What the icon says, for screen readers. */
  readonly state: string;
  readonly title: string;
  readonly onOpen: () => void;
  /** Beside the title; empty ones are left out. */
  readonly facts: readonly unknown[];
  /** A line of its own; empty: none. */
  readonly detail?: string;
  /** Drawn under the row. */
  readonly below?: TemplateResult;
  readonly actions?: readonly RowAction[];
}): TemplateResult {
  const { state, title, onOpen, facts, detail = '', below = nothing, actions = [] } = options;
  return html`<li class="row">
    <div class="row-head">
      ${options.icon}<span class="sr-only">${state}</span>
      <button class="row-title" type="button" @click=${onOpen}>${title}</button>
      <span class="row-facts">
        ${facts.filter(fact => fact !== '' && fact !== undefined).map(fact => html`<span>${fact}</span>`)}
      </span>
      <span class="row-actions">
        ${actions.map(
          action =>
            html`<button
              class="icon-button"
              type="button"
              aria-label=${`${action.label}: ${title}`}
              title=${action.label}
              @click=${action.onClick}
            >
              ${icon(action.icon)}
            </button>`,
        )}
      </span>
    </div>
    ${detail === '' ? nothing : html`<div class="row-detail">${detail}</div>`} ${below}
  </li>`;
}

/** Rows under a heading. Up and Down go from title to title. */
export function rowList(options: {
  readonly heading: string | TemplateResult;
  readonly rows: readonly TemplateResult[];
}): TemplateResult {
  return html`<section class="rows">
    <h2>${options.heading}</h2>
    <ul @keydown=${onKeyDown}>
      ${options.rows}
    </ul>
  </section>`;
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { target } = event;
  const list = target instanceof Element ? target.closest('[role=tabpanel]') : null;
  if (!list) return;
  const titles = [...list.querySelectorAll<HTMLElement>('.row-title')];
  const at = titles.findIndex(title => title === target || title.closest('.row')?.contains(document.activeElement));
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: titles.length - 1 }[event.key];
  const title = at < 0 || next === undefined ? undefined : titles[next];
  if (!title) return;
  event.preventDefault();
  title.focus();
}
