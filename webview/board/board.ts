import { html, LitElement, nothing, type TemplateResult } from 'lit';
import {
  fromBoardSchema,
  toBoardSchema,
  type FromBoard,
  type ToBoard,
} from '../../src/protocol/webview/boardMessages.js';
import type { BoardTab, FilledTab } from '../../src/protocol/webview/boardTabs/boardTab.js';
import {
  boardViewStateSchema,
  type BoardViewState,
  type TabChoices,
} from '../../src/protocol/webview/boardViewState.js';
import type { ThreadAction } from '../../src/protocol/webview/threadActions.js';
import { blankState, offlineState } from '../shared/blankState.js';
import { connectMessages } from '../shared/messagePort.js';
import { notice } from '../shared/notice.js';
import { agentStrip } from './agentStrip.js';
import { boardColumns } from './boardColumns.js';
import { filterBar } from './boardFilter.js';
import { applyMessage, emptyBoard, severalProjects, type BoardState } from './boardState.js';
import { tabBar, tabId, tabPanelId } from './tabBar.js';
import { tabView } from './tabs/tabPanel.js';
import { changedCard } from './threadColumns.js';
import { agentLabel, isNoFilter, matchesFilter, noFilter, type BoardFilter } from './threadFilter.js';

/** As many cards are kept for the first paint of the next document. */
const keptThreads = 100;
const saveDelayMs = 1000;

/** The board: its tabs, and what the one in front shows. */
export class Board extends LitElement {
  readonly #port = connectMessages<ToBoard, FromBoard, BoardViewState>({
    incoming: toBoardSchema,
    state: boardViewStateSchema,
    onMessage: message => {
      if (message.type === 'show') this.#show(message.tab);
      else this.#change(applyMessage(this.#state, message));
    },
  });
  #state: BoardState = restoredBoard(this.#port.restored);
  #tab: BoardTab = this.#port.restored?.tab ?? 'board';
  #choices: TabChoices = this.#port.restored?.choices ?? {};
  #current = this.#port.restored?.current;
  #filter = this.#port.restored?.filter ?? noFilter;
  #saving: ReturnType<typeof setTimeout> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('pagehide', () => this.#save());
    this.#post({ type: 'ready' });
    if (this.#tab !== 'board') this.#post({ type: 'show', tab: this.#tab });
  }

  protected override render(): TemplateResult {
    const state = this.#state;
    const { strings } = state;
    return html`<div class="board-page">
      ${agentStrip(state)}
      <main class="board-main">
        ${tabBar({ tab: this.#tab, strings, onChange: tab => this.#show(tab) })} ${this.#notices()}
        <div class="tab-panel" id=${tabPanelId} role="tabpanel" aria-labelledby=${tabId(this.#tab)}>
          ${this.#tab === 'board' ? this.#threads() : this.#content(this.#tab)}
        </div>
      </main>
    </div>`;
  }

  #notices(): TemplateResult {
    const { strings, connection, failure } = this.#state;
    return html`${
      connection === 'offline'
        ? notice({
            tone: 'warning',
            icon: 'debug-disconnect',
            text: strings.hostOffline,
            detail: strings.hostOfflineHint,
            actions: [{ label: strings.startHost, onClick: () => this.#post({ type: 'startHost' }) }],
          })
        : nothing
    }
    ${connection === 'connecting' ? notice({ tone: 'info', icon: 'loading', text: strings.hostConnecting }) : nothing}
    ${
      failure === ''
        ? nothing
        : notice({
            tone: 'error',
            text: strings.actionFailed,
            detail: failure,
            dismiss: { label: strings.dismiss, onClick: () => this.#change({ ...this.#state, failure: '' }) },
          })
    }`;
  }

  #threads(): TemplateResult {
    const { connection, loaded, threads } = this.#state;
    if (threads.size === 0 && (loaded || connection === 'offline')) return this.#blank();
    return html`${this.#filterBar()}<muster-thread-columns
        .state=${this.#filtered()}
        .current=${this.#current}
        .act=${this.#act}
        @card-changed=${(event: Event) => {
          this.#current = changedCard(event);
        }}
      ></muster-thread-columns>`;
  }

  #filterBar(): TemplateResult | typeof nothing {
    const { strings, loaded } = this.#state;
    if (!loaded) return nothing;
    return filterBar({
      strings,
      filter: this.#effective,
      agents: this.#agents(),
      onChange: filter => {
        this.#filter = filter;
        this.#change(this.#state);
      },
    });
  }

  #agents(): readonly string[] {
    const withProject = severalProjects(this.#state);
    const labels = [...this.#state.threads.values()].map(thread => agentLabel(thread, { withProject }));
    return [...new Set(labels)].toSorted();
  }

  /** An agent that no card has, because its project is called otherwise by now, hides nothing. */
  get #effective(): BoardFilter {
    const filter = this.#filter;
    return filter.agent === '' || this.#agents().includes(filter.agent) ? filter : { ...filter, agent: '' };
  }

  #filtered(): BoardState {
    const state = this.#state;
    const filter = this.#effective;
    if (isNoFilter(filter)) return state;
    const withProject = severalProjects(state);
    const threads = [...state.threads].filter(([, thread]) => matchesFilter(thread, filter, { withProject }));
    return { ...state, threads: new Map(threads) };
  }

  #content(tab: FilledTab): TemplateResult {
    const content = this.#state.contents.get(tab);
    const { strings } = this.#state;
    if (!content) return tabSkeleton(strings.boardLoading);
    return html`<div class="tab-content">
      ${tabView(content, {
        strings,
        kept: this.#choices,
        keep: changes => {
          this.#choices = { ...this.#choices, ...changes };
          this.#change(this.#state);
        },
        act: this.#act,
        tabAct: action => this.#post({ type: 'tabAct', action }),
      })}
    </div>`;
  }

  #blank(): TemplateResult {
    const { strings, connection } = this.#state;
    return connection === 'offline'
      ? offlineState(strings, () => this.#post({ type: 'startHost' }))
      : blankState({
          title: strings.emptyBoard,
          detail: strings.emptyBoardHint,
          action: { label: strings.dispatch, icon: 'play', onClick: () => this.#post({ type: 'dispatch' }) },
        });
  }

  readonly #act = (action: ThreadAction, threadId: string): void => this.#post({ type: 'act', threadId, action });

  #show(tab: BoardTab): void {
    this.#tab = tab;
    this.#post({ type: 'show', tab });
    this.#change(this.#state);
  }

  #change(state: BoardState): void {
    this.#state = state;
    this.#saving ??= setTimeout(() => this.#save(), saveDelayMs);
    this.requestUpdate();
  }

  #post(message: FromBoard): void {
    const parsed = fromBoardSchema.safeParse(message);
    if (parsed.success) this.#port.post(parsed.data);
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    if (!this.#state.loaded) return;
    const threads = boardColumns(this.#state.threads.values())
      .flatMap(column => column.threads)
      .slice(0, keptThreads);
    this.#port.save({
      threads,
      tab: this.#tab,
      choices: this.#choices,
      filter: this.#filter,
      ...(this.#current !== undefined && { current: this.#current }),
    });
  }
}

function restoredBoard(kept: BoardViewState | undefined): BoardState {
  if (!kept) return emptyBoard;
  return {
    ...emptyBoard,
    loaded: kept.threads.length > 0,
    threads: new Map(kept.threads.map(thread => [thread.id, thread])),
  };
}

function tabSkeleton(label: string): TemplateResult {
  return html`<div class="skeleton tab-skeleton" aria-busy="true" aria-label=${label} role="group">
    ${[0, 1, 2, 3].map(i => html`<div class="skeleton-line skeleton-${i}"></div>`)}
  </div>`;
}

customElements.define('muster-board', Board);
