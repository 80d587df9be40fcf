import { html, nothing, type TemplateResult } from 'lit';
import { icon } from './icon.js';
import { button, iconButton } from './toolkit.js';

/** A strip that says something about the whole view. */
export function notice(options: {
  readonly tone: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly detail?: string;
  readonly actions?: readonly { readonly label: string; readonly onClick: () => void }[];
  readonly dismiss?: { readonly label: string; readonly onClick: () => void };
  /** Shown instead of the tone's icon. */
  readonly icon?: string;
}): TemplateResult {
  const { tone, text, detail, actions = [], dismiss } = options;
  return html`<div class="notice notice-${tone}" role=${tone === 'error' ? 'alert' : 'status'}>
    ${icon(options.icon ?? tone)}
    <div class="notice-text">
      <span>${text}</span>
      ${detail === undefined || detail === '' ? nothing : html`<span class="notice-detail">${detail}</span>`}
    </div>
    ${
      actions.length === 0
        ? nothing
        : html`<div class="notice-actions">
            ${actions.map(action => button({ label: action.label, onClick: action.onClick }))}
          </div>`
    }
    ${dismiss ? iconButton({ icon: 'close', label: dismiss.label, onClick: dismiss.onClick }) : nothing}
  </div>`;
}
