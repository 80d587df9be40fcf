import { html, nothing, type TemplateResult } from 'lit';
import type { AgentView } from '../../src/protocol/webview/threadView.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { icon } from '../shared/icon.js';
import { button, textArea } from '../shared/toolkit.js';

const isMac = navigator.platform.startsWith('Mac');

export interface FollowUpOptions {
  readonly strings: WebviewStrings;
  readonly draft: string;
  /** Whom it is sent to; empty: the author is gone, and nobody was chosen yet. */
  readonly agent: string;
  readonly author: string;
  readonly agents: readonly AgentView[];
  readonly sending: boolean;
  readonly disabled: boolean;
  /** Why the last attempt failed; empty otherwise. */
  readonly error: string;
  readonly onDraft: (text: string) => void;
  readonly onAgent: (name: string) => void;
  /** Where a merged thread's work went, and where more of it begins; empty for others. */
  readonly mergedInto: string;
  readonly onSend: () => void;
}

/** Where a person answers the agent: text, which agent, send with Ctrl or Cmd and Enter. */
export function followUpBox(options: FollowUpOptions): TemplateResult {
  const { strings, draft, agent, agents, sending, disabled, error, onSend } = options;
  const canSend = !sending && !disabled && agent !== '' && draft.trim() !== '';
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (canSend) onSend();
  };
  const lines = Math.min(10, Math.max(2, draft.split('\n').length));
  return html`<footer class="follow-up">
    ${error === '' ? nothing : html`<div class="follow-up-error" role="alert">${icon('error')}<span>${error}</span></div>`}
    ${textArea({
      label: labelOf(options),
      value: draft,
      rows: lines,
      disabled: sending || disabled,
      onInput: options.onDraft,
      onKeyDown,
    })}
    <div class="follow-up-actions">
      ${
        agents.length > 1 || agent === ''
          ? html`<label class="agent-choice">
              <span class="sr-only">${strings.followUpAgent}</span>
              <select
                class="select"
                .value=${agent}
                ?disabled=${sending || disabled}
                @change=${(event: Event) => {
                  if (event.target instanceof HTMLSelectElement) options.onAgent(event.target.value);
                }}
              >
                ${agent === '' ? html`<option value="" selected disabled>${strings.chooseAgent}</option>` : nothing}
                ${agents.map(
                  each =>
                    html`<option value=${each.name} ?selected=${each.name === agent} ?disabled=${each.problem !== ''}>
                      ${each.name}
                    </option>`,
                )}
              </select>
            </label>`
          : nothing
      }
      <span class="follow-up-hint">${fill(strings.sendHint, isMac ? '⌘⏎' : 'Ctrl+Enter')}</span>
      ${button({
        label: sending ? strings.sending : strings.send,
        look: 'primary',
        icon: 'send',
        disabled: !canSend,
        onClick: onSend,
        testId: 'send',
      })}
    </div>
  </footer>`;
}

function labelOf({ strings, agent, author, mergedInto }: FollowUpOptions): string {
  if (agent === '') return fill(strings.followUpGone, author);
  return mergedInto === '' ? fill(strings.followUpWith, agent) : fill(strings.followUpMerged, agent, mergedInto);
}
