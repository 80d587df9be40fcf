import { html, type TemplateResult } from 'lit';

/** A codicon; it never speaks for itself: a word stands beside it or names the button around it. */
export function icon(name: string, extraClass = ''): TemplateResult {
  const spin = name === 'loading' ? ' codicon-modifier-spin' : '';
  return html`<span class=${`codicon codicon-${name}${spin} ${extraClass}`.trim()} aria-hidden="true"></span>`;
}
