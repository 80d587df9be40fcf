import { html, nothing, type TemplateResult } from 'lit';
import { formatLineChanges } from '../../src/protocol/displayFormat.js';
import type { ToolCallEntry, ToolCategory, ToolResultEntry } from '../../src/protocol/webview/transcriptView.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { icon } from '../shared/icon.js';
import { terminalText } from '../shared/terminalText.js';
import { editLines, readableInput, toolSummary } from './toolPreview.js';

const categoryIcons: Readonly<Record<ToolCategory, string>> = {
  read: 'file',
  edit: 'edit',
  search: 'search',
  command: 'terminal',
  fetch: 'globe',
  plan: 'checklist',
  other: 'tools',
};

export interface ToolRowOptions {
  readonly call: ToolCallEntry;
  readonly result: ToolResultEntry | undefined;
  readonly runActive: boolean;
  readonly expanded: boolean;
  readonly strings: WebviewStrings;
  readonly onToggle: () => void;
  readonly onOpenDiff: (path: string) => void;
  readonly onOpenFile: (path: string) => void;
}

/** A tool call in one line with what matters; open, with its input and output. */
export function toolRow(options: ToolRowOptions): TemplateResult {
  const { call, result, expanded, strings, onToggle } = options;
  const title = call.title || call.path || call.tool || strings.output;
  return html`<div class="foldable ${expanded ? 'is-open' : ''}">
    <button class="fold-line" type="button" aria-expanded=${expanded ? 'true' : 'false'} @click=${onToggle}>
      ${icon(expanded ? 'chevron-down' : 'chevron-right', 'fold-arrow')}${icon(categoryIcons[call.category], 'dim')}
      <span class="fold-title mono" title=${title}>${title}</span>
      ${summary(options)}
    </button>
    ${expanded ? html`<div class="fold-body">${details(options)}</div>` : nothing}
  </div>`;

  function summary({ runActive }: ToolRowOptions): TemplateResult {
    const of = toolSummary(call, result, { runActive });
    switch (of.kind) {
      case 'running':
        return html`<span class="fold-result">${icon('loading')}<span>${strings.toolRunning}</span></span>`;
      case 'failed':
        return html`<span class="fold-result is-bad">${icon('error')}<span>${strings.toolFailed}</span></span>`;
      case 'exit': {
        const bad = of.code !== 0;
        return html`<span class="fold-result ${bad ? 'is-bad' : ''}"
          >${bad ? icon('error') : nothing}<span>${fill(strings.exitCode, of.code)}</span></span
        >`;
      }
      case 'changes':
        return html`<span class="fold-result">${formatLineChanges(of.added, of.removed)}</span>`;
      case 'lines':
        return html`<span class="fold-result"
          >${of.count === 1 ? strings.oneLine : fill(strings.lines, of.count)}</span
        >`;
      case 'results':
        return html`<span class="fold-result"
          >${of.count === 1 ? strings.oneResult : fill(strings.results, of.count)}</span
        >`;
      case 'none':
        return html`<span class="fold-result"></span>`;
    }
  }
}

function details({ call, result, strings, onOpenDiff, onOpenFile }: ToolRowOptions): TemplateResult {
  const edited = editLines(call);
  const input = edited ? '' : readableInput(call);
  const path = call.path;
  return html`${
    path === ''
      ? nothing
      : html`<div class="fold-path">
          <button class="link mono" type="button" @click=${() => onOpenFile(path)}>${path}</button>
          ${
            call.category === 'edit'
              ? html`<button class="link" type="button" @click=${() => onOpenDiff(path)}>${strings.openDiff}</button>`
              : nothing
          }
        </div>`
  }
  ${
    edited
      ? html`<div class="code-block diff-block mono" tabindex="0" role="group" aria-label=${strings.input}>
          ${edited.map(line => html`<div class="diff-line diff-${line.kind}" .textContent=${line.text}></div>`)}
        </div>`
      : nothing
  }
  ${input.trim() === '' || input === call.title ? nothing : block(strings.input, input)}
  ${
    result && (result.output.trim() !== '' || !edited)
      ? block(strings.output, result.output.trim() === '' ? strings.noOutput : result.output)
      : nothing
  }
  ${result?.cut === true ? html`<div class="dim">${strings.outputCut}</div>` : nothing}`;
}

function block(label: string, text: string): TemplateResult {
  return html`<pre class="code-block" tabindex="0" role="group" aria-label=${label}>${terminalText(text)}</pre>`;
}
