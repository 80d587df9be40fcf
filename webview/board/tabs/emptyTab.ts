import { html, type TemplateResult } from 'lit';

/** What stands on a tab that has nothing to show. */
export function emptyTab(title: string, detail: string): TemplateResult {
  return html`<div class="blank">
    <h2>${title}</h2>
    <p>${detail}</p>
  </div>`;
}
