import type * as vscode from 'vscode';
import type { BoardTab } from '../protocol/webview/boardTabs/boardTab.js';
import type { Log } from '../base/log.js';
import type { HostElsewhere } from './host/hostElsewhere.js';
import type { ModelKeys } from './host/modelKeys.js';
import type { HostConnection } from './host/hostConnection.js';
import type { RawLogs } from './log/rawLogs.js';
import type { ScheduleDocuments } from './log/scheduleDocuments.js';
import type { Attention } from './notifications/attention.js';
import type { MutedThreads } from './notifications/mutedThreads.js';
import type { ReviewComments } from './review/reviewComments.js';
import type { ReviewedChanges } from './review/reviewedChanges.js';
import type { ExecutedCells } from './notebooks/executedCells.js';
import type { GuestNotebooks } from './notebooks/guestNotebooks.js';
import type { Reviews } from './review/reviews.js';
import type { ApplyPreviews } from './projects/applyPreviews.js';
import type { ComposeFileStates } from './projects/composeFileStates.js';
import type { ThreadPages } from './threadPage/threadPage.js';
import type { WorkspaceScope } from './projects/workspaceScope.js';

/** What the parts of the extension share; built once by `main.ts`. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: Log;
  readonly channel: vscode.LogOutputChannel;
  readonly host: HostConnection;
  readonly elsewhere: HostElsewhere;
  readonly modelKeys: ModelKeys;
  /** Which projects and threads belong to this window. */
  readonly scope: WorkspaceScope;
  /** What applying each compose file of this window would do. */
  readonly composeFiles: ComposeFileStates;
  readonly previews: ApplyPreviews;
  readonly pages: ThreadPages;
  readonly reviews: Reviews;
  readonly comments: ReviewComments;
  readonly changes: ReviewedChanges;
  readonly muted: MutedThreads;
  readonly attention: Attention;
  readonly logs: RawLogs;
  /** Events and runs of scripts, to read. */
  readonly records: ScheduleDocuments;
  readonly notebooks: GuestNotebooks;
  readonly executedCells: ExecutedCells;
  readonly openBoard: (tab?: BoardTab) => Promise<void>;
}
