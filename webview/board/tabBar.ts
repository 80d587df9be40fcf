import { html, type TemplateResult } from 'lit';
import { boardTabs, type BoardTab } from '../../src/protocol/webview/boardTabs/boardTab.js';
import type { WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';

/** Id of the element that shows what the tab in front has. */
export const tabPanelId = 'tab-panel';

/** The tabs of the board. Arrow keys, Home and End change them; Tab goes on into what they show. */
export function tabBar(options: {
  readonly tab: BoardTab;
  readonly strings: WebviewStrings;
  readonly onChange: (tab: BoardTab) => void;
}): TemplateResult {
  const { tab, strings, onChange } = options;
  return html`<div class="tabs" role="tablist" aria-label=${strings.tabs} @keydown=${onKeyDown}>
    ${boardTabs.map(
      name =>
        html`<button
          class="tab"
          type="button"
          role="tab"
          id=${tabId(name)}
          aria-selected=${name === tab ? 'true' : 'false'}
          aria-controls=${tabPanelId}
          tabindex=${name === tab ? '0' : '-1'}
          @click=${() => onChange(name)}
        >
          ${strings[`tab.${name}`]}
        </button>`,
    )}
  </div>`;

  function onKeyDown(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const next = tabAfter(tab, event.key);
    if (next === undefined) return;
    event.preventDefault();
    onChange(next);
    document.getElementById(tabId(next))?.focus();
  }
}

/** Id of a tab's button. */
export function tabId(tab: BoardTab): string {
  return `tab-${tab}`;
}

/** Where a key leads from a tab; undefined when nowhere. */
function tabAfter(tab: BoardTab, key: string): BoardTab | undefined {
  const at = boardTabs.indexOf(tab);
  const { length } = boardTabs;
  switch (key) {
    case 'ArrowRight':
      return boardTabs[(at + 1) % length];
    case 'ArrowLeft':
      return boardTabs[(at + length - 1) % length];
    case 'Home':
      return boardTabs[0];
    case 'End':
      return boardTabs[length - 1];
    default:
      return undefined;
  }
}
