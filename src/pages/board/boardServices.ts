import type { HostServices } from '../../client/hostServices.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { PlaceRoom } from '../../protocol/webview/placeRoom.js';
import type { ThreadAction } from '../../protocol/webview/threadActions.js';
import type { LiveThreads } from '../threadPage/threadPageServices.js';
import type { BoardTabSources } from './boardTabSource.js';

/** The live state, with everything it holds. `onDidChangeThreads` also fires, with no ids, when only projects changed. */
export interface LiveBoard extends LiveThreads {
  /** Those that the board shows. */
  threads(): readonly Thread[];
}

/** What the tabs may use. */
export interface TabServices {
  readonly live: LiveBoard;
  /** Of the running host, which is started when there is none. */
  readonly client: (signal: AbortSignal) => Promise<HostServices>;
  /** Gives an agent a task, or says how its problem is mended. */
  readonly onAgent: (
    kind: 'dispatch' | 'fix',
    agent: { readonly projectId: string; readonly agent: string },
  ) => Promise<void>;
  /** Asks; true when the person agreed. */
  readonly mayAbandonBatch: (batch: string) => Promise<boolean>;
  readonly schedules: ScheduleViews;
}

/** What schedules show outside of the board. */
export interface ScheduleViews {
  /** What a project's triggers would do in the next days. */
  preview(projectId: string): Promise<void>;
  /** An event with its payload and what came of it, to read. */
  openEvent(id: string): Promise<void>;
  /** What a script did, to read. */
  openScriptRun(id: string): Promise<void>;
  /** The file in which schedules are written, to edit; missing where there is no editor. */
  readonly openComposeFile?: () => Promise<void>;
}

/** What the board asks of whoever shows it, but for what is made when it opens. */
export type BoardSurroundings = Omit<BoardServices, 'tabs' | 'rooms'>;

/** What the board asks of whoever shows it. */
export interface BoardServices {
  readonly live: LiveBoard;
  /** Opens the thread page for `open`; otherwise the command that trees and palette run. */
  act(action: ThreadAction, threadId: string): Promise<void>;
  readonly tabs: BoardTabSources;
  /** What room there is where the agents of projects run. */
  rooms(projectIds: readonly string[], signal: AbortSignal): Promise<readonly PlaceRoom[]>;
  /** `Muster: Dispatch Task`. */
  dispatch(): Promise<void>;
  startHost(): Promise<void>;
}
