import type { Event } from '../../base/event.js';
import type { Agent, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { ReadTranscriptResponse } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { DiffThreadResponse, GetThreadResponse, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { ThreadAction } from '../../protocol/webview/threadActions.js';

/** `offline`: no host answers; `connecting`: one is being looked for or started. */
export type ConnectionState = 'connecting' | 'online' | 'offline';

/** The client's live state, as far as the webviews need it. */
export interface LiveThreads {
  readonly connection: ConnectionState;
  readonly onDidChangeConnection: Event<ConnectionState>;
  /** The present state of a thread; undefined when it is unknown or not loaded. */
  thread(threadId: string): Thread | undefined;
  /** Those beside which its own is named. */
  projects(): readonly Project[];
  /** Agents of a project, in the file's order. */
  agents(projectId: string): readonly Agent[];
  /** Ids of threads that changed: state, activity, cost, or a transcript that grew. */
  readonly onDidChangeThreads: Event<readonly string[]>;
}

/** What the thread page asks of whoever shows it. Calls reject with `AppError`. */
export interface ThreadPageServices {
  readonly live: LiveThreads;
  /** Aborted when the window or page closes, and not before. */
  readonly closing: AbortSignal;
  getThread(threadId: string, signal: AbortSignal): Promise<GetThreadResponse>;
  /** Changed files without the patch. */
  diffThread(threadId: string, signal: AbortSignal): Promise<DiffThreadResponse>;
  /** `RunService.ReadTranscript`. */
  readTranscript(
    request: { readonly runId: string; readonly from: bigint; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<ReadTranscriptResponse>;
  /** Dispatches a follow-up. `agent` may differ from the thread's; `key` makes a retry harmless. */
  followUp(
    request: { readonly threadId: string; readonly agent: string; readonly text: string; readonly key: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** Does what the button says: the commands of trees and palette, asking for confirmation where those do. */
  act(action: ThreadAction, threadId: string): Promise<void>;
  /** Opens the real diff of one changed file of the thread; `path` is relative to the worktree, `/`-separated. */
  openDiff(threadId: string, path: string): Promise<void>;
  /** Opens the raw log of one run as a text document. */
  openRunLog(threadId: string, runId: string): Promise<void>;
  startHost(): Promise<void>;
  /** What was typed for a thread and not sent. */
  readonly drafts: { get(threadId: string): string; set(threadId: string, text: string): Promise<void> };
}
