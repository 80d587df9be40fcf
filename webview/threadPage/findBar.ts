import { html, type TemplateResult } from 'lit';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { iconButton } from '../shared/toolkit.js';

/** The box over the conversation: what to look for, which place of how many, to the next and the one before. */
export function findBar(options: {
  readonly strings: WebviewStrings;
  readonly query: string;
  /** Places that there are, and the current one of them, from 0. */
  readonly count: number;
  readonly index: number;
  readonly onQuery: (query: string) => void;
  readonly onStep: (step: 1 | -1) => void;
  readonly onClose: () => void;
}): TemplateResult {
  const { strings, query, count, index, onStep, onClose } = options;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const result = count === 0 ? strings.findNone : fill(strings.findPlace, index + 1, count);
  return html`<search class="find-bar" @keydown=${onKeyDown}>
    <input
      class="find-input"
      type="text"
      aria-label=${strings.find}
      placeholder=${strings.find}
      .value=${query}
      @input=${(event: Event) => {
        if (event.target instanceof HTMLInputElement) options.onQuery(event.target.value);
      }}
    />
    <span class="find-count" role="status">${query === '' ? '' : result}</span>
    ${iconButton({ label: strings.findPrevious, icon: 'arrow-up', disabled: count === 0, onClick: () => onStep(-1) })}
    ${iconButton({ label: strings.findNext, icon: 'arrow-down', disabled: count === 0, onClick: () => onStep(1) })}
    ${iconButton({ label: strings.findClose, icon: 'close', onClick: onClose })}
  </search>`;
}
