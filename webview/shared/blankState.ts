import { html, nothing, type TemplateResult } from 'lit';
import type { WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { icon } from './icon.js';
import { button } from './toolkit.js';

/** What fills a view that has nothing to show: why, and the one next step. */
export function blankState(options: {
  readonly icon?: string;
  readonly title: string;
  readonly detail?: string;
  readonly action: { readonly label: string; readonly onClick: () => void; readonly icon?: string };
}): TemplateResult {
  const { title, detail = '', action } = options;
  return html`<div class="blank">
    ${options.icon === undefined ? nothing : icon(options.icon, 'blank-icon')}
    <h1>${title}</h1>
    ${detail === '' ? nothing : html`<p>${detail}</p>`} ${button({ ...action, look: 'primary' })}
  </div>`;
}

/** The view of a host that is not there. */
export function offlineState(strings: WebviewStrings, startHost: () => void): TemplateResult {
  return blankState({
    icon: 'debug-disconnect',
    title: strings.hostOffline,
    action: { label: strings.startHost, onClick: startHost },
  });
}
