import type { BoardAgent, ToBoard } from '../../src/protocol/webview/boardMessages.js';
import type { FilledTab, TabContent } from '../../src/protocol/webview/boardTabs/boardTab.js';
import type { PlaceRoom } from '../../src/protocol/webview/placeRoom.js';
import type { ConnectionView } from '../../src/protocol/webview/threadPageMessages.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import { webviewStrings, withTranslations, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';

/** What the board knows; {@link applyMessage} is the only thing that changes it. */
export interface BoardState {
  readonly strings: WebviewStrings;
  readonly connection: ConnectionView;
  readonly threads: ReadonlyMap<string, ThreadView>;
  readonly loaded: boolean;
  readonly strip: {
    readonly agents: readonly BoardAgent[];
    readonly queued: number;
    readonly costTodayUsd?: number;
    readonly places: readonly PlaceRoom[];
  };
  /** What the tabs that were in front showed last. */
  readonly contents: ReadonlyMap<FilledTab, TabContent>;
  /** Why the last action failed; empty otherwise. */
  readonly failure: string;
}

/** The state before the first message. */
export const emptyBoard: BoardState = {
  strings: webviewStrings,
  connection: 'online',
  threads: new Map(),
  loaded: false,
  strip: { agents: [], queued: 0, places: [] },
  contents: new Map(),
  failure: '',
};

/** The state after a message of the extension. */
export function applyMessage(state: BoardState, message: Exclude<ToBoard, { type: 'show' }>): BoardState {
  switch (message.type) {
    case 'init':
      return { ...state, strings: withTranslations(message.strings) };
    case 'connection':
      return { ...state, connection: message.state };
    case 'snapshot':
      return { ...state, loaded: true, threads: new Map(message.threads.map(thread => [thread.id, thread])) };
    case 'changes': {
      const threads = new Map(state.threads);
      for (const id of message.removed) threads.delete(id);
      for (const thread of message.threads) threads.set(thread.id, thread);
      return { ...state, threads };
    }
    case 'strip': {
      const { agents, queued, costTodayUsd, places = [] } = message;
      return { ...state, strip: { agents, queued, places, ...(costTodayUsd !== undefined && { costTodayUsd }) } };
    }
    case 'tab':
      return { ...state, contents: new Map(state.contents).set(message.content.tab, message.content) };
    case 'failed':
      return { ...state, failure: message.message };
  }
}

/** True where a name of an agent alone may be another project's, also when that has no thread yet. */
export function severalProjects({ threads, strip }: Pick<BoardState, 'threads' | 'strip'>): boolean {
  const [first] = strip.agents;
  if (strip.agents.some(({ projectName }) => projectName !== first?.projectName)) return true;
  let name = first?.projectName;
  for (const { projectName } of threads.values()) {
    name ??= projectName;
    if (projectName !== name) return true;
  }
  return false;
}
