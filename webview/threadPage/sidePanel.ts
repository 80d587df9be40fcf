import { html, nothing, type TemplateResult } from 'lit';
import { ownValue } from '../../src/base/ownValue.js';
import { formatCost, formatLineChanges, shortId } from '../../src/protocol/displayFormat.js';
import type { ChangedFileView } from '../../src/protocol/webview/threadPageMessages.js';
import type { MergeView, RunView, ThreadView } from '../../src/protocol/webview/threadView.js';
import { fill, isStringKey, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { icon } from '../shared/icon.js';
import { elapsed } from '../shared/timeText.js';
import { runIcon, runWord } from './conversationView.js';
import type { PageState } from './pageState.js';

/** So many files are listed before *Show more*. */
const filesAtFirst = 200;

export interface SideOptions {
  readonly state: PageState;
  readonly showAllFiles: boolean;
  readonly onShowAllFiles: () => void;
  readonly openDiff: (path: string) => void;
  readonly openRunLog: (runId: string) => void;
  /** Copies the commit that the last merge made. */
  readonly copyCommit: () => void;
}

/** Notes, files, runs and merges of the thread. */
export function sidePanel(options: SideOptions): TemplateResult {
  const { state } = options;
  return html`<aside class="side" aria-label=${state.strings.details}>
    ${notesSection(state)} ${filesSection(options)} ${runsSection(options)} ${mergesSection(options)}
  </aside>`;
}

/** What happened to worktree and repository beside the changes; whoever merges should have seen it. */
function notesSection({ thread, strings }: PageState): TemplateResult | typeof nothing {
  const notes = thread?.notes ?? [];
  if (notes.length === 0) return nothing;
  return html`<section class="side-section">
    <h2><span>${strings.notes}</span></h2>
    ${notes.map(note => html`<p class="side-note">${icon('info')} ${note}</p>`)}
  </section>`;
}

function filesSection({ state, showAllFiles, onShowAllFiles, openDiff }: SideOptions): TemplateResult {
  const { strings, files, thread } = state;
  const failure = state.failures.get('files');
  const known = files ?? [];
  const shown = showAllFiles ? known : known.slice(0, filesAtFirst);
  const hidden = known.length - shown.length;
  const count = files?.length ?? thread?.filesChanged ?? 0;
  const isAtWork = thread?.status === 'working' || thread?.status === 'queued';
  return html`<section class="side-section">
    <h2>
      <span>${strings.files}</span>
      ${count === 0 ? nothing : changeCounts(count, files ?? (thread ? [thread] : []))}
    </h2>
    ${failure === undefined ? nothing : html`<p class="side-note is-bad">${icon('error')} ${strings.filesFailed} ${failure}</p>`}
    ${files === undefined && failure === undefined ? skeletonLines(Math.min(count, 4)) : nothing}
    ${files?.length === 0 ? html`<p class="side-note">${isAtWork ? strings.noFiles : strings.noFilesAtEnd}</p>` : nothing}
    ${
      shown.length === 0
        ? nothing
        : html`<ul class="file-list">
            ${shown.map(file => fileLine(file, strings, openDiff))}
          </ul>`
    }
    ${hidden > 0 ? showMoreButton(fill(strings.showMore, hidden), onShowAllFiles) : nothing}
    ${state.uncommitted > 0 ? html`<p class="side-note">${fill(strings.uncommitted, state.uncommitted)}</p>` : nothing}
  </section>`;
}

function showMoreButton(words: string, onClick: () => void): TemplateResult {
  return html`<button class="link" type="button" @click=${onClick}>${words}</button>`;
}

/** How many files, and the lines of all of them together. */
function changeCounts(
  count: number,
  changes: readonly { readonly additions?: number | undefined; readonly deletions?: number | undefined }[],
): TemplateResult {
  const additions = changes.reduce((sum, change) => sum + (change.additions ?? 0), 0);
  const deletions = changes.reduce((sum, change) => sum + (change.deletions ?? 0), 0);
  return html`<span class="dim">${count}</span
    ><span class="side-changes">${formatLineChanges(additions, deletions)}</span>`;
}

const statusLetters: Readonly<Record<string, string>> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  untracked: 'U',
  type_changed: 'T',
};

function fileLine(file: ChangedFileView, strings: WebviewStrings, openDiff: (path: string) => void): TemplateResult {
  const slash = file.path.lastIndexOf('/');
  const key = `file.${file.status}`;
  const word = isStringKey(key) ? strings[key] : file.status;
  const name = file.path.slice(slash + 1);
  const mode = file.mode === undefined ? '' : strings[`mode.${file.mode}`];
  // What it may do has changed and nothing that it says.
  const isModeAlone = mode !== '' && !file.binary && file.additions + file.deletions === 0;
  const lines = file.binary ? strings.binary : isModeAlone ? '' : formatLineChanges(file.additions, file.deletions);
  return html`<li>
    <button
      class="file-line"
      type="button"
      title=${[file.path, word, mode].filter(part => part !== '').join(' · ')}
      @click=${() => openDiff(file.path)}
    >
      <span class="file-name ${file.status === 'deleted' ? 'is-deleted' : ''}">${name}</span>
      <span class="file-folder">${file.path.slice(0, Math.max(0, slash))}</span>
      <span class="file-changes">${[mode, lines].filter(part => part !== '').join(' ')}</span>
      <span class="file-status file-${file.status}" aria-label=${word}
        >${ownValue(statusLetters, file.status) ?? '?'}</span
      >
    </button>
  </li>`;
}

function runsSection({ state, openRunLog }: SideOptions): TemplateResult | typeof nothing {
  const { strings, runs } = state;
  if (runs.length === 0) return nothing;
  return html`<section class="side-section">
    <h2><span>${strings.runs}</span></h2>
    <ul class="run-list">
      ${runs.map((run, i) => {
        const label = fill(strings.openLogOfRun, i + 1);
        return html`<li class="run-line" title=${run.error ?? wayOf(run, strings)}>
          ${icon(runIcon(run.status), `run-icon run-${run.status}`)}
          <span class="run-name"
            >${`#${i + 1} ${run.agent}`}
            <span class="${run.status === 'succeeded' ? 'sr-only' : 'dim'}">${runWord(run.status, strings)}</span></span
          >
          <span class="dim">${run.startedAt === undefined ? '' : elapsed(run.startedAt, run.endedAt)}</span>
          <span class="dim">${formatCost(run.costUsd)}</span>
          <button
            class="icon-button"
            type="button"
            aria-label=${label}
            title=${label}
            @click=${() => openRunLog(run.id)}
          >
            ${icon('output')}
          </button>
        </li>`;
      })}
    </ul>
  </section>`;
}

/** By whose key or login the run worked. */
function wayOf({ modelsVia, provider }: RunView, strings: WebviewStrings): string {
  return modelsVia === undefined ? fill(strings.modelsOwn, provider) : fill(strings.modelsThroughHost, modelsVia);
}

function mergesSection(options: SideOptions): TemplateResult | typeof nothing {
  const { merges, strings, thread } = options.state;
  const last = merges.at(-1);
  if (!last || (thread && isOver(last, thread))) return nothing;
  const key = `merge.${last.status}`;
  const sentence = isStringKey(key) ? fill(strings[key], last.target) : last.status;
  return html`<section class="side-section">
    <h2><span>${strings.merges}</span></h2>
    <p class="side-note">
      ${icon(mergeIcon(last.status), `run-icon merge-${last.status}`)} ${sentence}
      ${last.commit === '' ? nothing : commitOf(last, thread, options)}
    </p>
    ${isSaidAbove(last, thread) || last.message === '' || last.status === 'merged' || last.status === 'undone' ? nothing : html`<p class="side-note as-typed">${last.message}</p>`}
    ${
      last.files.length === 0
        ? nothing
        : html`<ul class="plain-files mono">
            ${last.files.map(file => html`<li>${file}</li>`)}
          </ul>`
    }
  </section>`;
}

/** The notice below the header has it already. */
function isSaidAbove({ message }: MergeView, thread: ThreadView | undefined): boolean {
  return thread?.status === 'needs_you' && thread.needs.includes(message);
}

/** The commit of a merge; a click copies it while the thread's actions are about that one. */
function commitOf({ commit }: MergeView, thread: ThreadView | undefined, options: SideOptions): TemplateResult {
  if (thread?.latestMerge?.commit !== commit) return html`<span class="mono">${shortId(commit)}</span>`;
  const label = options.state.strings.copyCommit;
  return html`<button class="link mono" title=${`${label}: ${commit}`} @click=${options.copyCommit}>
    ${shortId(commit)}
  </button>`;
}

/** What kept it from being merged was seen to, so that what there is to do about it has been done. */
function isOver({ status }: MergeView, thread: ThreadView): boolean {
  const cameToNothing = ['blocked', 'conflicted', 'failed'].includes(status);
  return cameToNothing && (thread.latestMerge === undefined || thread.status === 'ready');
}

function mergeIcon(status: string): string {
  switch (status) {
    case 'merged':
      return 'check';
    case 'undone':
      return 'discard';
    case 'queued':
      return 'clock';
    case 'checking':
    case 'merging':
      return 'loading';
    case 'cancelled':
      return 'circle-slash';
    default:
      return 'error';
  }
}

/** Grey lines in the place of what is being loaded. */
export function skeletonLines(count: number): TemplateResult {
  return html`<div class="skeleton" aria-hidden="true">
    ${Array.from({ length: count }, (_, i) => html`<div class="skeleton-line skeleton-${i % 4}"></div>`)}
  </div>`;
}
