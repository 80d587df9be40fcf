import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { RowList } from './rowList.js';
import { VirtualWindow } from './virtualWindow.js';

/** What the list needs to know of a row; everything else is the business of its template. */
export interface VirtualRow {
  readonly key: string;
  /** Height in pixels, assumed until it is measured. */
  readonly estimate: number;
}

/** Rows are drawn this far beyond both edges. */
const overscanPx = 600;
/** So close to the end counts as at the end. */
const atEndPx = 24;
/** So close to an edge is not in view: the box of *Find* is there. */
const edgePx = 40;

/** The row at the top edge, and how far it is scrolled out. */
export interface ListPlace {
  readonly key: string;
  readonly delta: number;
}

/**
 * A long list of which only the visible part is in the document. It follows its end while it is scrolled there, and
 * otherwise keeps what a person reads in its place while rows above change. Fires `follow-changed`, `place-changed`
 * and `drawn`.
 */
export class VirtualList extends LitElement {
  static override readonly properties = {
    rows: { attribute: false },
    template: { attribute: false },
    label: { attribute: false },
  };
  declare rows: RowList<VirtualRow>;
  declare template: (row: VirtualRow, index: number) => TemplateResult;
  declare label: string;

  readonly #window = new VirtualWindow();
  readonly #sizes = new ResizeObserver(entries => this.#measured(entries));
  readonly #observed = new Set<Element>();
  #following = true;
  /** The rows that the window knows. */
  #shown = new RowList<VirtualRow>();
  /** The row at the top edge and how far it is scrolled out: what stays in place. */
  #anchor: { readonly key: string; readonly index: number; readonly delta: number } | undefined;
  /** A place to go to whose row is not there yet. */
  #wanted: ListPlace | undefined;
  #lastTop = 0;
  #range = { start: 0, end: 0 };
  #hadFocus = false;

  constructor() {
    super();
    this.rows = new RowList();
    this.label = '';
    this.template = () => html``;
  }

  /** True while the list shows its end and goes along when it grows. */
  get following(): boolean {
    return this.#following;
  }

  /** Goes to the end and stays there. */
  jumpToEnd(): void {
    this.#wanted = undefined;
    this.#setFollowing(true);
    this.requestUpdate();
  }

  /** Where a person reads; undefined at the end. The next document of the view takes it up. */
  get place(): ListPlace | undefined {
    if (this.#wanted) return this.#wanted;
    return this.#following || !this.#anchor ? undefined : { key: this.#anchor.key, delta: this.#anchor.delta };
  }

  /** Goes to a place that was kept, as soon as its row is there. */
  restore(place: ListPlace): void {
    this.#wanted = place;
    this.#following = false;
    this.requestUpdate();
  }

  /** The row of a kept place is gone: the end is as good as any other. */
  giveUpPlace(): void {
    if (this.#wanted) this.jumpToEnd();
  }

  /** True when the row is in the document. */
  isDrawn(key: string): boolean {
    return this.querySelector(`.virtual-row[data-key="${CSS.escape(key)}"]`) !== null;
  }

  /** Brings a row to the top edge, wherever it is. */
  reveal(key: string): void {
    const index = this.rows.indexOf(key);
    if (index < 0) return;
    this.#wanted = undefined;
    this.#setFollowing(false);
    this.#anchor = { key, index, delta: 0 };
    this.requestUpdate();
  }

  /** Scrolls as far as needed for a part of a drawn row to be in view. */
  scrollToRange(range: Range): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const at = range.getBoundingClientRect();
    const frame = viewport.getBoundingClientRect();
    if (at.top >= frame.top + edgePx && at.bottom <= frame.bottom - edgePx) return;
    this.#setFollowing(false);
    viewport.scrollTop += at.top - frame.top - frame.height / 3;
  }

  /** Gives the list the keyboard. */
  focusList(): void {
    this.#viewport?.focus({ preventScroll: true });
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
    this.#observed.clear();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('rows')) {
      this.#window.setRows(this.rows, this.rows.sharedWith(this.#shown));
      this.#shown = this.rows;
    }
    this.#takeUpPlace();
    this.#hadFocus = this.contains(document.activeElement);
    const height = this.#viewport?.clientHeight ?? 800;
    const top = this.#following ? this.#window.total - height : this.#anchoredTop();
    this.#range = this.#window.range(Math.max(0, top - overscanPx), Math.max(0, top + height + overscanPx));
  }

  protected override render(): TemplateResult {
    const { start, end } = this.#range;
    return html`<div
      class="virtual-viewport"
      tabindex="0"
      role="group"
      aria-label=${this.label}
      @scroll=${this.#onScroll}
    >
      <div class="virtual-space"></div>
      <div class="virtual-rows" role="list">
        ${repeat(
          this.rows.slice(start, end),
          row => row.key,
          (row, i) =>
            html`<div
              class=${this.#rowClass(start + i)}
              role="listitem"
              data-key=${row.key}
              aria-posinset=${start + i + 1}
              aria-setsize=${this.rows.length}
            >
              ${this.template(row, start + i)}
            </div>`,
        )}
      </div>
      <div class="virtual-space"></div>
    </div>`;
  }

  /** Of all rows, not of those that are drawn: which are drawn first must not change their heights. */
  #rowClass(index: number): string {
    const first = index === 0 ? ' is-first' : '';
    return `virtual-row${first}${index === this.rows.length - 1 ? ' is-last' : ''}`;
  }

  protected override updated(): void {
    const [before, after] = this.querySelectorAll<HTMLElement>(':scope > .virtual-viewport > .virtual-space');
    const { start, end } = this.#range;
    if (before) before.style.height = `${this.#window.offsetOf(start)}px`;
    if (after) after.style.height = `${this.#window.total - this.#window.offsetOf(end)}px`;
    this.#observeRows();
    this.#place();
    // The focused row may have left the document: keep the keyboard in the list.
    if (this.#hadFocus && !this.contains(document.activeElement)) this.focusList();
    this.dispatchEvent(new CustomEvent('drawn'));
  }

  get #viewport(): HTMLElement | undefined {
    return this.querySelector<HTMLElement>(':scope > .virtual-viewport') ?? undefined;
  }

  #takeUpPlace(): void {
    const wanted = this.#wanted;
    const index = wanted ? this.rows.indexOf(wanted.key) : -1;
    if (!wanted || index < 0) return;
    this.#wanted = undefined;
    this.#anchor = { ...wanted, index };
  }

  #anchoredTop(): number {
    const anchor = this.#anchor;
    if (!anchor) return this.#viewport?.scrollTop ?? 0;
    const index = this.rows.at(anchor.index)?.key === anchor.key ? anchor.index : this.rows.indexOf(anchor.key);
    return index < 0 ? (this.#viewport?.scrollTop ?? 0) : this.#window.offsetOf(index) + anchor.delta;
  }

  #place(): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const top = this.#following ? viewport.scrollHeight - viewport.clientHeight : this.#anchoredTop();
    if (Math.abs(viewport.scrollTop - top) >= 1) viewport.scrollTop = top;
    this.#lastTop = viewport.scrollTop;
  }

  readonly #onScroll = (): void => {
    const viewport = this.#viewport;
    // Rows that come before the wanted one say nothing about where a person reads.
    if (!viewport || this.#wanted) return;
    const top = viewport.scrollTop;
    const rest = viewport.scrollHeight - top - viewport.clientHeight;
    // Growing content also ends up far from the end; only going up means that a person wants to stay.
    if (rest <= atEndPx) this.#setFollowing(true);
    else if (top < this.#lastTop - 1) this.#setFollowing(false);
    this.#lastTop = top;
    const index = this.#window.indexAt(top);
    const row = this.rows.at(index);
    this.#anchor = row && { key: row.key, index, delta: top - this.#window.offsetOf(index) };
    this.dispatchEvent(new CustomEvent('place-changed'));
    const needed = this.#window.range(Math.max(0, top - overscanPx / 2), top + viewport.clientHeight + overscanPx / 2);
    if (needed.start < this.#range.start || needed.end > this.#range.end) this.requestUpdate();
  };

  #setFollowing(following: boolean): void {
    if (this.#following === following) return;
    this.#following = following;
    this.dispatchEvent(new CustomEvent('follow-changed'));
  }

  #observeRows(): void {
    const present = new Set<Element>(
      this.querySelectorAll(':scope > .virtual-viewport > .virtual-rows > .virtual-row'),
    );
    for (const row of this.#observed) {
      if (present.has(row)) continue;
      this.#sizes.unobserve(row);
      this.#observed.delete(row);
    }
    for (const row of present) {
      if (this.#observed.has(row)) continue;
      this.#sizes.observe(row);
      this.#observed.add(row);
    }
  }

  #measured(entries: readonly ResizeObserverEntry[]): void {
    let changed = false;
    for (const { target, borderBoxSize } of entries) {
      const key = target instanceof HTMLElement ? target.dataset['key'] : undefined;
      const height = borderBoxSize[0]?.blockSize;
      if (key === undefined || height === undefined) changed ||= target === this;
      else if (target.isConnected && this.#window.measure({ key, index: placeOf(target), height })) changed = true;
    }
    if (changed) this.requestUpdate();
  }
}

/** Where a drawn row stood in the list when it was drawn. */
function placeOf(row: Element): number {
  return Number(row.getAttribute('aria-posinset')) - 1;
}

customElements.define('muster-virtual-list', VirtualList);
