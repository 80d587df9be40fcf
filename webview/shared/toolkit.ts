/**
 * The only file that knows the widget toolkit: it registers the elements in use and hands out templates for them, so that
 * another toolkit (the one in use is archived) is a change of this file.
 */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeTextArea, type TextArea } from '@vscode/webview-ui-toolkit';
import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';
import { icon } from './icon.js';

/** Registers the elements; once per document. */
export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeTextArea());
}

export interface ButtonOptions {
  readonly label: string;
  readonly onClick: (event: Event) => void;
  readonly look?: 'primary' | 'secondary';
  /** Codicon id in front of the label. */
  readonly icon?: string;
  readonly disabled?: boolean;
  readonly testId?: string;
}

/** A button with a label. */
export function button(options: ButtonOptions): TemplateResult {
  return html`<vscode-button
    appearance=${options.look ?? 'secondary'}
    data-id=${ifDefined(options.testId)}
    ?disabled=${options.disabled ?? false}
    @click=${options.onClick}
    >${options.label}${options.icon === undefined ? nothing : html`<span slot="start">${icon(options.icon)}</span>`}</vscode-button
  >`;
}

/** A button that shows only an icon; the label is its tooltip and its name for screen readers. */
export function iconButton(options: ButtonOptions & { readonly icon: string }): TemplateResult {
  return html`<vscode-button
    appearance="icon"
    aria-label=${options.label}
    title=${options.label}
    data-id=${ifDefined(options.testId)}
    ?disabled=${options.disabled ?? false}
    @click=${options.onClick}
    >${icon(options.icon)}</vscode-button
  >`;
}

/** A number in a badge; ours, because the toolkit's sets a `style` attribute, which the policy of the views refuses. */
export function badge(count: number): TemplateResult {
  return html`<span class="badge">${count}</span>`;
}

/** A box for several lines of text. The label is hidden from sight, not from screen readers. */
export function textArea(options: {
  readonly label: string;
  readonly value: string;
  readonly rows: number;
  readonly disabled: boolean;
  readonly onInput: (value: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}): TemplateResult {
  return html`<vscode-text-area
    class="toolkit-text-area"
    resize="none"
    placeholder=${options.label}
    aria-label=${options.label}
    .rows=${options.rows}
    .value=${live(options.value)}
    ?disabled=${options.disabled}
    @input=${(event: Event) => options.onInput(valueOf(event))}
    @keydown=${options.onKeyDown}
    >${options.label}</vscode-text-area
  >`;
}

function valueOf(event: Event): string {
  const target = event.currentTarget;
  return isTextArea(target) ? target.value : '';
}

function isTextArea(target: EventTarget | null): target is TextArea {
  return target instanceof HTMLElement && 'value' in target && typeof target.value === 'string';
}

/** Puts the cursor into the text area under `root`. */
export function focusTextArea(root: ParentNode): void {
  root.querySelector<HTMLElement>('vscode-text-area')?.focus();
}
