import { html, LitElement, nothing, type TemplateResult } from 'lit';
import {
  fromThreadPageSchema,
  toThreadPageSchema,
  type FromThreadPage,
  type ToThreadPage,
} from '../../src/protocol/webview/threadPageMessages.js';
import { threadPageStateSchema, type ThreadPageState } from '../../src/protocol/webview/threadPageState.js';
import type { ThreadAction } from '../../src/protocol/webview/threadActions.js';
import { fill } from '../../src/protocol/webview/webviewStrings.js';
import { linkTarget } from '../shared/fileReference.js';
import { blankState, offlineState } from '../shared/blankState.js';
import { icon } from '../shared/icon.js';
import '../shared/menu.js';
import { copyCode } from '../shared/markdown.js';
import { connectMessages } from '../shared/messagePort.js';
import { RowList } from '../shared/rowList.js';
import { focusTextArea } from '../shared/toolkit.js';
import { VirtualList } from '../shared/virtualList.js';
import { announcementOf } from './announcement.js';
import { ConversationFind } from './conversationFind.js';
import { conversationRows, type ConversationRow } from './conversationRows.js';
import { conversationRow, type RowContext } from './conversationView.js';
import { followUpBox } from './followUpBox.js';
import { headerButtons, pageHeader } from './pageHeader.js';
import { pageNotices } from './pageNotices.js';
import { applyMessage, cachedPart, dismissFailure, initialState, type PageState } from './pageState.js';
import { sidePanel, skeletonLines } from './sidePanel.js';

/** The cached state is written at most this often. */
const saveDelayMs = 500;
/** A click so soon after the buttons changed was meant for what stood there before. */
const surpriseMs = 400;
/** So many unfolded rows are still so in the next document. */
const keptUnfolded = 200;

/** One thread: its conversation, live, with its files and a box to answer. */
export class ThreadPage extends LitElement {
  readonly #port = connectMessages<ToThreadPage, FromThreadPage, ThreadPageState>({
    incoming: toThreadPageSchema,
    state: threadPageStateSchema,
    onMessage: message => this.#receive(message),
  });
  #state: PageState = initialState(this.#port.restored);
  #draft = this.#port.restored?.draft ?? '';
  #agent = this.#port.restored?.agent;
  #sending: { readonly key: string; readonly text: string; readonly done: boolean } | undefined;
  #sendError = '';
  readonly #expanded = new Set<string>(this.#port.restored?.expanded);
  readonly #find = new ConversationFind(this);
  #rows = new RowList<ConversationRow>();
  #rowsOf: PageState | undefined;
  #showAllFiles = this.#port.restored?.showAllFiles ?? false;
  /** Where the person was reading when the document went; taken up by the list once. */
  #place = this.#port.restored?.place;
  /** Rows that there were when the list was last at its end. */
  #seenRows = 0;
  #announcement = '';
  #saving: ReturnType<typeof setTimeout> | undefined;
  /** When the buttons of the header became others. */
  #buttonsChangedAt = -Infinity;
  #draftPosting: ReturnType<typeof setTimeout> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('click', this.#onClick);
    window.addEventListener('keydown', this.#onKeyDown);
    window.addEventListener('pagehide', () => this.#save());
    this.#post({ type: 'ready' });
  }

  protected override render(): TemplateResult {
    const state = this.#state;
    const { thread, strings } = state;
    if (!thread && (state.connection === 'offline' || state.failures.has('load'))) return this.#blank();
    return html`<div class="page">
      ${thread ? pageHeader({ thread, runs: state.runs, strings, act: action => this.#actInHeader(action) }) : this.#headerSkeleton()}
      ${pageNotices(state, {
        act: action => this.#act(action),
        startHost: () => this.#post({ type: 'startHost' }),
        reload: () => this.#post({ type: 'reload' }),
        dismiss: what => this.#change(dismissFailure(this.#state, what)),
      })}
      <div class="page-main">
        <main class="conversation">${this.#conversation()}</main>
        ${sidePanel({
          state,
          showAllFiles: this.#showAllFiles,
          onShowAllFiles: () => {
            this.#showAllFiles = true;
            this.#saveSoon();
            this.requestUpdate();
          },
          openDiff: path => this.#post({ type: 'openDiff', path }),
          openRunLog: runId => this.#post({ type: 'openRunLog', runId }),
          copyCommit: () => this.#act('copyCommit'),
        })}
      </div>
      ${thread && thread.status !== 'abandoned' ? this.#followUp(thread.agent) : nothing}
      <div class="sr-only" aria-live="polite">${this.#announcement}</div>
    </div>`;
  }

  #conversation(): TemplateResult {
    const state = this.#state;
    const { strings } = state;
    if (!state.loaded) {
      return html`<div class="conversation-skeleton" role="status" aria-label=${strings.loading}>
        ${skeletonLines(8)}
      </div>`;
    }
    const rows = this.#currentRows();
    if (rows.length === 0) return html`<p class="empty">${strings.emptyConversation}</p>`;
    const { list } = this;
    const unseen = list && !list.following ? rows.length - this.#seenRows : 0;
    const context = this.#rowContext();
    return html`${this.#find.bar(rows, strings)}<muster-virtual-list
        .rows=${rows}
        .label=${strings.conversation}
        .template=${(row: ConversationRow) => conversationRow(row, context)}
        @follow-changed=${() => {
          this.#seenRows = this.#rows.length;
          this.requestUpdate();
        }}
        @place-changed=${() => this.#saveSoon()}
        @drawn=${() => this.#find.drawn()}
      ></muster-virtual-list>
      ${
        list && !list.following
          ? html`<button class="jump" type="button" @click=${() => list.jumpToEnd()}>
              ${icon('arrow-down')}<span
                >${strings.jumpToLatest}${unseen > 0 ? ` · ${fill(strings.newEntries, unseen)}` : ''}</span
              >
            </button>`
          : nothing
      }`;
  }

  #rowContext(): RowContext {
    const { thread, runs } = this.#state;
    const last = runs.at(-1);
    return {
      strings: this.#state.strings,
      expanded: this.#expanded,
      toggle: key => {
        if (!this.#expanded.delete(key)) this.#expanded.add(key);
        this.#saveSoon();
        this.requestUpdate();
      },
      openDiff: path => this.#post({ type: 'openDiff', path }),
      openFile: path => this.#post({ type: 'openFile', path }),
      queuePosition: thread?.latestRun?.queuePosition,
      noticed: thread?.status === 'needs_you' && last ? { run: last.id, error: thread.needs } : undefined,
    };
  }

  #followUp(threadAgent: string): TemplateResult {
    const { strings, agents, connection, thread } = this.#state;
    const isThere = (name: string): boolean => agents.some(each => each.name === name);
    const isGone = agents.length > 0 && !isThere(threadAgent);
    const chosen = this.#agent !== undefined && isThere(this.#agent) ? this.#agent : undefined;
    // Nobody goes on in the place of one that is gone, unless a person chooses them.
    const agent = chosen ?? (isGone ? '' : threadAgent);
    return followUpBox({
      strings,
      agents,
      agent,
      author: threadAgent,
      draft: this.#draft,
      sending: this.#sending !== undefined && !this.#sending.done,
      disabled: connection === 'offline',
      error: this.#sendError,
      mergedInto: thread?.status === 'merged' ? (thread.latestMerge?.target ?? '') : '',
      onDraft: text => {
        this.#sendError = '';
        this.#setDraft(text);
      },
      onAgent: name => {
        this.#agent = name;
        this.#saveSoon();
        this.requestUpdate();
      },
      onSend: () => this.#send(agent),
    });
  }

  #send(agent: string): void {
    const text = this.#draft.trim();
    if (text === '') return;
    // The same text after an error is the same follow-up: it may have arrived although the answer was lost.
    const key = this.#sending?.text === text ? this.#sending.key : crypto.randomUUID();
    this.#sending = { key, text, done: false };
    this.#sendError = '';
    this.#post({ type: 'followUp', text, agent, key });
    this.requestUpdate();
  }

  #receive(message: ToThreadPage): void {
    if (message.type === 'followUpDone') this.#sent(message);
    else if (message.type === 'focusFollowUp') focusTextArea(this);
    else if (message.type === 'find') this.#find.open();
    else if (message.type === 'draft') this.#takeDraft(message.text);
    else {
      const before = this.#state;
      this.#change(applyMessage(before, message));
      if (before.caughtUp)
        this.#announcement = announcementOf(message, before, this.#state.strings) ?? this.#announcement;
    }
  }

  #sent({ key, error }: Extract<ToThreadPage, { type: 'followUpDone' }>): void {
    if (this.#sending?.key !== key) return;
    if (error === undefined) {
      this.#sending = undefined;
      this.#setDraft('');
      this.list?.jumpToEnd();
    } else {
      this.#sending = { ...this.#sending, done: true };
      this.#sendError = error;
    }
    this.#saveSoon();
    this.requestUpdate();
  }

  #setDraft(text: string): void {
    this.#draft = text;
    this.#draftPosting ??= setTimeout(() => this.#postDraft(), saveDelayMs);
    this.#saveSoon();
    this.requestUpdate();
  }

  /** VS Code keeps the state of a view only when it ends in an orderly way; a draft outlives a crash too. */
  #postDraft(): void {
    clearTimeout(this.#draftPosting);
    this.#draftPosting = undefined;
    this.#post({ type: 'draft', text: this.#draft });
  }

  #takeDraft(text: string): void {
    if (this.#draft !== '') return;
    this.#draft = text;
    this.requestUpdate();
  }

  #change(state: PageState): void {
    const before = this.#state.thread;
    const isNew = before && state.thread && headerButtons(before) !== headerButtons(state.thread);
    if (isNew) this.#buttonsChangedAt = performance.now();
    this.#state = state;
    this.#saveSoon();
    this.requestUpdate();
  }

  #currentRows(): RowList<ConversationRow> {
    const { messages, runs, transcripts, skipped } = this.#state;
    const of = this.#rowsOf;
    if (of?.messages !== messages || of.runs !== runs || of.transcripts !== transcripts || of.skipped !== skipped) {
      this.#rows = conversationRows(this.#state);
      this.#rowsOf = this.#state;
      if (this.list?.following ?? true) this.#seenRows = this.#rows.length;
    }
    return this.#rows;
  }

  /** The conversation, once it is drawn. */
  get list(): VirtualList | undefined {
    const list = this.querySelector('muster-virtual-list');
    return list instanceof VirtualList ? list : undefined;
  }

  /** Shows what a folded row holds. */
  unfold(key: string): void {
    if (this.#expanded.has(key)) return;
    this.#expanded.add(key);
    this.requestUpdate();
  }

  protected override updated(): void {
    const { list } = this;
    if (!list) return;
    if (this.#place) list.restore(this.#place);
    this.#place = undefined;
    if (this.#state.caughtUp) list.giveUpPlace();
    this.#find.drawn();
  }

  #headerSkeleton(): TemplateResult {
    return html`<header class="page-header">
      <h1 class="sr-only">${this.#state.strings.loading}</h1>
      ${skeletonLines(2)}
    </header>`;
  }

  /** Nothing is known and nothing is on its way: say why, and offer the one thing that helps. */
  #blank(): TemplateResult {
    const { strings, connection, failures } = this.#state;
    const blank =
      connection === 'offline'
        ? offlineState(strings, () => this.#post({ type: 'startHost' }))
        : blankState({
            icon: 'error',
            title: strings.loadFailed,
            detail: failures.get('load') ?? '',
            action: { label: strings.reload, onClick: () => this.#post({ type: 'reload' }) },
          });
    return html`<main class="blank-page">${blank}</main>`;
  }

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    const isFind = event.key.toLowerCase() === 'f' && (event.ctrlKey || event.metaKey) && !event.altKey;
    if (!isFind || event.shiftKey) return;
    event.preventDefault();
    this.#find.open();
  };

  readonly #onClick = (event: Event): void => {
    if (copyCode(event.target)) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link) return;
    event.preventDefault();
    const target = linkTarget(link);
    if (target?.kind === 'address') this.#post({ type: 'openLink', url: target.url });
    if (target?.kind === 'file') {
      this.#post({ type: 'openFile', path: target.path, ...(target.line !== undefined && { line: target.line }) });
    }
  };

  #actInHeader(action: ThreadAction): void {
    if (performance.now() - this.#buttonsChangedAt >= surpriseMs) this.#act(action);
  }

  #act(action: ThreadAction): void {
    this.#post({ type: 'act', action });
  }

  #post(message: FromThreadPage): void {
    const parsed = fromThreadPageSchema.safeParse(message);
    if (parsed.success) this.#port.post(parsed.data);
  }

  #saveSoon(): void {
    this.#saving ??= setTimeout(() => this.#save(), saveDelayMs);
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    const threadId = this.#state.threadId;
    if (threadId === undefined) return;
    const place = this.#place ?? this.list?.place;
    const cached = cachedPart(this.#state, place?.key);
    this.#port.save({
      threadId,
      draft: this.#draft,
      ...(place && { place }),
      expanded: [...this.#expanded].slice(-keptUnfolded),
      showAllFiles: this.#showAllFiles,
      ...(this.#agent !== undefined && { agent: this.#agent }),
      ...(cached && { cached }),
    });
  }
}

customElements.define('muster-thread-page', ThreadPage);
