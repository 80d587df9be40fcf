import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { icon } from './icon.js';

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon?: string;
  /** What the label has no room for. */
  readonly hint?: string;
}

/** A button that opens a list of actions. Arrow keys, Home, End and Escape work as in VS Code's menus. Fires `choose`. */
export class Menu extends LitElement {
  static override readonly properties = {
    items: { attribute: false },
    label: { attribute: false },
    iconName: { attribute: false },
    open: { state: true },
  };
  declare items: readonly MenuItem[];
  declare label: string;
  declare iconName: string;
  declare open: boolean;

  constructor() {
    super();
    this.items = [];
    this.label = '';
    this.iconName = 'chevron-down';
    this.open = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    return html`<button
        class="menu-button"
        type="button"
        aria-haspopup="menu"
        aria-expanded=${this.open ? 'true' : 'false'}
        aria-label=${this.label}
        title=${this.label}
        @click=${() => this.#toggle()}
        @keydown=${this.#onButtonKey}
      >
        ${icon(this.iconName)}
      </button>
      ${
        this.open
          ? html`<div
              class="menu-list"
              role="menu"
              aria-label=${this.label}
              @keydown=${this.#onMenuKey}
              @focusout=${this.#onFocusOut}
            >
              ${this.items.map(
                item =>
                  html`<button
                    class="menu-item"
                    type="button"
                    role="menuitem"
                    tabindex="-1"
                    title=${item.hint ?? nothing}
                    @click=${() => this.#choose(item.id)}
                  >
                    ${item.icon === undefined ? nothing : icon(item.icon)}<span>${item.label}</span>
                  </button>`,
              )}
            </div>`
          : nothing
      }`;
  }

  protected override updated(changed: Map<string, unknown>): void {
    if (changed.has('open') && this.open) this.#entries[0]?.focus();
  }

  get #entries(): readonly HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>('.menu-item')];
  }

  #toggle(): void {
    this.open = !this.open;
  }

  #close(): void {
    this.open = false;
    this.querySelector<HTMLElement>('.menu-button')?.focus();
  }

  #choose(id: string): void {
    this.#close();
    this.dispatchEvent(new CustomEvent('choose', { detail: id }));
  }

  readonly #onButtonKey = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowDown' || this.open) return;
    event.preventDefault();
    this.open = true;
  };

  readonly #onMenuKey = (event: KeyboardEvent): void => {
    const entries = this.#entries;
    const at = entries.findIndex(entry => entry === document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + entries.length, Home: 0, End: entries.length - 1 }[event.key];
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.#close();
    } else if (event.key === 'Tab') this.open = false;
    else if (next !== undefined) {
      event.preventDefault();
      entries[next % entries.length]?.focus();
    }
  };

  readonly #onFocusOut = (event: FocusEvent): void => {
    const to = event.relatedTarget;
    if (!(to instanceof Node && this.contains(to))) this.open = false;
  };
}

customElements.define('muster-menu', Menu);

/** The action that a `choose` event names. */
export function chosenItem(event: Event): string {
  return event instanceof CustomEvent && typeof event.detail === 'string' ? event.detail : '';
}
