import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { marksOfNamesakes, type Named } from '../../src/base/namesakes.js';
import { threadGroups, type ThreadGroup } from '../../src/protocol/threadDisplay.js';
import type { ThreadAction } from '../../src/protocol/webview/threadActions.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import { fill } from '../../src/protocol/webview/webviewStrings.js';
import { badge } from '../shared/toolkit.js';
import { boardColumns, moveCard, shownAtFirst, type BoardColumn } from './boardColumns.js';
import { emptyBoard, severalProjects, type BoardState } from './boardState.js';
import { threadCard } from './threadCard.js';

/** All threads in the columns of their states. Fires `card-changed` when another card has the focus. */
export class ThreadColumns extends LitElement {
  static override readonly properties = { state: { attribute: false }, current: { attribute: false } };
  declare state: BoardState;
  /** The card that has or had the focus last. */
  declare current: string | undefined;
  act: (action: ThreadAction, threadId: string) => void = () => undefined;
  readonly #showAll = new Set<ThreadGroup>();

  constructor() {
    super();
    this.state = emptyBoard;
    this.current = undefined;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('keydown', this.#onKeyDown);
  }

  protected override render(): TemplateResult {
    const { strings, loaded } = this.state;
    if (!loaded) {
      return html`<div class="columns" aria-busy="true" aria-label=${strings.boardLoading} role="group">
        ${threadGroups.map((group, i) => html`<section class="column">${this.#heading(group, undefined)}${cardSkeletons(i)}</section>`)}
      </div>`;
    }
    const columns = boardColumns(this.state.threads.values());
    const current = this.#currentCard(columns);
    const marks = marksOfNamesakes(namesOf(this.state.threads.values()));
    return html`<div class="columns">${columns.map(column => this.#column(column, { current, marks }))}</div>`;
  }

  #column(
    column: BoardColumn,
    { current, marks }: { readonly current: string | undefined; readonly marks: ReadonlyMap<string, string> },
  ): TemplateResult {
    const { strings } = this.state;
    const shown = this.#shown(column);
    const hidden = column.threads.length - shown.length;
    const several = severalProjects(this.state);
    return html`<section
      class="column ${column.threads.length === 0 ? 'is-empty' : ''}"
      aria-label=${strings[`group.${column.group}`]}
    >
      ${this.#heading(column.group, column.threads.length)}
      ${
        column.threads.length === 0
          ? html`<p class="column-empty">${strings.emptyColumn}</p>`
          : html`<ul class="cards">
              ${repeat(
                shown,
                thread => thread.id,
                thread =>
                  threadCard({
                    thread,
                    strings,
                    current: thread.id === current,
                    withProject: several,
                    mark: marks.get(thread.id),
                    act: action => this.act(action, thread.id),
                    onFocus: () => this.#makeCurrent(thread.id),
                  }),
              )}
              ${
                hidden > 0
                  ? html`<li>
                      <button class="link show-more" type="button" @click=${() => this.#showMore(column.group)}>
                        ${fill(strings.showMore, hidden)}
                      </button>
                    </li>`
                  : nothing
              }
            </ul>`
      }
    </section>`;
  }

  #heading(group: ThreadGroup, count: number | undefined): TemplateResult {
    const attention = group === 'needs_you' && count !== undefined && count > 0;
    return html`<h2>
      <span>${this.state.strings[`group.${group}`]}</span>
      ${count === undefined || count === 0 ? nothing : attention ? badge(count) : html`<span class="dim">${count}</span>`}
    </h2>`;
  }

  #shown(column: BoardColumn): BoardColumn['threads'] {
    if (this.#showAll.has(column.group)) return column.threads;
    return column.threads.slice(0, shownAtFirst(column, Date.now()));
  }

  /** The card that Tab leads to: the one that had the focus last, else the first. */
  #currentCard(columns: readonly BoardColumn[]): string | undefined {
    const shown = columns.flatMap(column => this.#shown(column));
    return shown.some(thread => thread.id === this.current) ? this.current : shown[0]?.id;
  }

  #makeCurrent(threadId: string): void {
    if (this.current === threadId) return;
    this.current = threadId;
    this.dispatchEvent(new CustomEvent('card-changed', { detail: threadId }));
  }

  #showMore(group: ThreadGroup): void {
    this.#showAll.add(group);
    this.requestUpdate();
  }

  /** The card that has the focus, before the columns are drawn again. */
  #focused: string | undefined;

  protected override willUpdate(): void {
    this.#focused = this.#cardOf(document.activeElement);
  }

  protected override updated(): void {
    // A card that moves to another column is a new element.
    if (this.#focused !== undefined && document.activeElement === document.body) this.#focusCard(this.#focused);
  }

  #cardOf(target: EventTarget | null): string | undefined {
    const card = target instanceof Element ? target.closest<HTMLElement>('.card') : null;
    return card?.dataset['thread'];
  }

  #focusCard(threadId: string): void {
    const title = this.querySelector<HTMLElement>(`.card[data-thread="${CSS.escape(threadId)}"] .card-title`);
    title?.focus({ preventScroll: true });
    title?.closest('.card')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const id = this.#cardOf(event.target);
    if (id === undefined) return;
    const columns = boardColumns(this.state.threads.values()).map(column => this.#shown(column));
    const column = columns.findIndex(threads => threads.some(thread => thread.id === id));
    const row = columns[column]?.findIndex(thread => thread.id === id) ?? -1;
    const next = moveCard(
      { column, row },
      event.key,
      columns.map(threads => threads.length),
    );
    const target = next && columns[next.column]?.[next.row];
    if (!target) return;
    event.preventDefault();
    this.#focusCard(target.id);
  };
}

/** The card that a `card-changed` event names. */
export function changedCard(event: Event): string | undefined {
  return event instanceof CustomEvent && typeof event.detail === 'string' ? event.detail : undefined;
}

function cardSkeletons(column: number): TemplateResult {
  const count = [2, 3, 1, 0, 2][column] ?? 0;
  return html`<div class="cards" aria-hidden="true">
    ${Array.from(
      { length: count },
      (_, i) =>
        html`<div class="card card-skeleton">
          <div class="skeleton-line skeleton-${(i + column) % 4}"></div>
          <div class="skeleton-line skeleton-${(i + column + 2) % 4}"></div>
        </div>`,
    )}
  </div>`;
}

function namesOf(threads: Iterable<ThreadView>): readonly Named[] {
  return [...threads].map(({ id, summary }) => ({ id, name: summary.trim() }));
}

customElements.define('muster-thread-columns', ThreadColumns);
