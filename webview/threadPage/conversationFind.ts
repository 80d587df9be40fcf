import { nothing, type TemplateResult } from 'lit';
import type { WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import type { VirtualList } from '../shared/virtualList.js';
import type { RowList } from '../shared/rowList.js';
import type { ConversationRow } from './conversationRows.js';
import { findBar } from './findBar.js';
import { mark, rangesOf, unmark } from './findHighlights.js';
import { findMatches, keepMatch, type FindMatch } from './findMatches.js';
import { isFoldable } from './rowText.js';

/** What the search needs of the page. */
export interface FindPage extends HTMLElement {
  readonly list: VirtualList | undefined;
  /** Shows what a folded row holds. */
  unfold(key: string): void;
  requestUpdate(): void;
}

/** *Find* over the whole conversation: closed, or open with a query and the place that is shown. */
export class ConversationFind {
  readonly #page: FindPage;
  #open = false;
  #query = '';
  #matches: readonly FindMatch[] = [];
  #index = -1;
  #of: { readonly rows: RowList<ConversationRow>; readonly query: string } | undefined;
  /** The current place has still to be brought into view. */
  #reveal = false;

  constructor(page: FindPage) {
    this.#page = page;
  }

  /** Opens the box, or goes back into it. */
  open(): void {
    this.#open = true;
    this.#page.requestUpdate();
    requestAnimationFrame(() => {
      const input = this.#page.querySelector<HTMLInputElement>('.find-input');
      input?.focus();
      input?.select();
    });
  }

  /** The box; nothing while it is closed. */
  bar(rows: RowList<ConversationRow>, strings: WebviewStrings): TemplateResult | typeof nothing {
    if (!this.#open) return nothing;
    this.#search(rows);
    return findBar({
      strings,
      query: this.#query,
      count: this.#matches.length,
      index: this.#index,
      onQuery: query => {
        this.#query = query;
        this.#reveal = true;
        this.#page.requestUpdate();
      },
      onStep: step => this.#step(step, rows),
      onClose: () => this.#close(),
    });
  }

  /** After each drawing of the page or of the list: marks what is drawn and brings the current place into view. */
  drawn(): void {
    const { list } = this.#page;
    if (!this.#open || this.#query === '' || !list) return;
    const match = this.#matches[this.#index];
    if (match && this.#reveal && !list.isDrawn(match.key)) {
      list.reveal(match.key);
      return;
    }
    const ranges: Range[] = [];
    let current: Range | undefined;
    for (const row of list.querySelectorAll<HTMLElement>('.virtual-row')) {
      const found = rangesOf(row, this.#query);
      ranges.push(...found);
      // What is shown of a row may be less than what was searched: the nearest place of the row stands for it.
      if (match && row.dataset['key'] === match.key) current = found[Math.min(match.occurrence, found.length - 1)];
    }
    mark(ranges, current);
    if (this.#reveal && match) {
      this.#reveal = false;
      if (current) list.scrollToRange(current);
    }
  }

  #search(rows: RowList<ConversationRow>): void {
    if (this.#of?.rows === rows && this.#of.query === this.#query) return;
    const before = this.#matches[this.#index];
    this.#matches = findMatches(rows, this.#query);
    const isNew = this.#of?.query !== this.#query;
    // A new text is looked for from the end, where the conversation is read.
    this.#index = isNew ? this.#matches.length - 1 : keepMatch(this.#matches, { before, index: this.#index });
    this.#of = { rows, query: this.#query };
    if (isNew) this.#unfold(rows);
  }

  #step(step: 1 | -1, rows: RowList<ConversationRow>): void {
    const count = this.#matches.length;
    if (count === 0) return;
    this.#index = (this.#index + step + count) % count;
    this.#reveal = true;
    this.#unfold(rows);
    this.#page.requestUpdate();
  }

  #unfold(rows: RowList<ConversationRow>): void {
    const key = this.#matches[this.#index]?.key;
    const row = key === undefined ? undefined : rows.at(rows.indexOf(key));
    if (row && isFoldable(row)) this.#page.unfold(row.key);
  }

  #close(): void {
    this.#open = false;
    this.#of = undefined;
    unmark();
    this.#page.list?.focusList();
    this.#page.requestUpdate();
  }
}
