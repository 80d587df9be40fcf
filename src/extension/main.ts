import { join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { stateDirectory } from '../client/stateDirectory.js';
import { registerBoard } from './board/board.js';
import { registerChatTools } from './chat/chatTools.js';
import { registerCommands } from './commands/registerCommands.js';
import type { Views } from './views/views.js';
import { registerCompose } from './compose/registerCompose.js';
import { registerContextKeys } from './contextKeys.js';
import { TaskActions } from './dispatch/taskActions.js';
import { TaskDocuments, taskLanguage } from './dispatch/taskDocuments.js';
import { TaskCompletions } from './dispatch/taskCompletions.js';
import { TaskLenses } from './dispatch/taskLenses.js';
import { registerTaskPlaceholder } from './dispatch/taskPlaceholder.js';
import { EmbeddedHost } from './host/embeddedHost.js';
import { HostConnection, type HostConnectionOptions } from './host/hostConnection.js';
import { HostElsewhere } from './host/hostElsewhere.js';
import { ModelKeys } from './host/modelKeys.js';
import { channelLog } from './log.js';
import { RawLogs } from './log/rawLogs.js';
import { ScheduleDocuments } from './log/scheduleDocuments.js';
import { ExecutedCells } from './notebooks/executedCells.js';
import { GuestFiles, guestScheme } from './notebooks/guestFiles.js';
import { GuestNotebooks } from './notebooks/guestNotebooks.js';
import { JupyterExtensionServers } from './notebooks/jupyterExtension.js';
import { Attention } from './notifications/attention.js';
import { MutedThreads } from './notifications/mutedThreads.js';
import { OwnTasks } from './notifications/ownTasks.js';
import { ApplyPreviews } from './projects/applyPreviews.js';
import { ComposeFileStates } from './projects/composeFileStates.js';
import { WorkspaceScope } from './projects/workspaceScope.js';
import { ReviewComments } from './review/reviewComments.js';
import { ReviewFiles } from './review/reviewFiles.js';
import { reviewScheme } from './review/reviewUris.js';
import { ReviewedChanges } from './review/reviewedChanges.js';
import { ReviewLenses } from './review/reviewLenses.js';
import { Reviews } from './review/reviews.js';
import { UnresolvedFiles } from './review/unresolvedFiles.js';
import type { Services } from './services.js';
import { onSettingChange, readSetting } from './settings.js';
import { registerStatusBar } from './statusBar.js';
import { registerMcpServer } from './mcp/mcpServer.js';
import { registerTerminalPath } from './terminalPath.js';
import { KeptDrafts } from './threadPage/keptDrafts.js';
import { registerThreadPage } from './threadPage/threadPage.js';
import { ChangesView } from './views/changesView.js';
import { ProjectsView } from './views/projectsView.js';
import { ThreadsView } from './views/threadsView.js';
import { WorktreesView } from './views/worktreesView.js';
import { boardServices, threadPageServices } from './webviewServices.js';
import { watchScheduleTrouble } from './notifications/scheduleTrouble.js';
import { warnOfDamage } from './notifications/damageWarning.js';
import { closeWindow } from './windowClosing.js';

/** What the suite inside VS Code looks at; other extensions get nothing. */
export interface TestAccess {
  readonly services: Services;
  readonly views: Views;
  readonly tasks: TaskDocuments;
}

/** The host of this process, where the setting asks for one. Written by `activate` alone. */
let embedded: EmbeddedHost | undefined;

/** Wires the extension. Nothing here waits: the client, the webviews and the compose language load when first needed. */
export function activate(context: vscode.ExtensionContext): TestAccess | undefined {
  const channel = vscode.window.createOutputChannel('Muster', { log: true });
  const log = channelLog(channel);
  const modelKeys = new ModelKeys(context, log);
  const elsewhere = new HostElsewhere(context.secrets, () => readSetting('muster.host.address'));
  const host = createHostConnection(context, {
    ...{ log, elsewhere },
    introduce: client => modelKeys.offerAll(client),
  });
  const scope = new WorkspaceScope(host);
  const composeFiles = new ComposeFileStates(host, log);
  const previews = new ApplyPreviews(host);
  const muted = new MutedThreads(context.workspaceState);
  const own = new OwnTasks(context.workspaceState);
  const pages = registerThreadPage(
    context,
    threadPageServices(host, { scope, own, drafts: new KeptDrafts(context.workspaceState) }),
  );
  const changes = new ReviewedChanges(host);
  const reviews = new Reviews(host, changes);
  const unresolved = new UnresolvedFiles();
  const reviewFiles = new ReviewFiles(host, { edits: reviews.edits, unresolved });
  const comments = new ReviewComments(host, reviews, context.workspaceState);
  const logs = new RawLogs(host);
  const records = new ScheduleDocuments(host);
  const attention = new Attention({
    host,
    scope,
    muted,
    own,
    isVisible: threadId => pages.isVisible(threadId),
    isReviewed: threadId => reviews.isOpen(threadId),
  });
  const openBoard = registerBoard(context, boardServices(host, scope, records));
  const notebooks = new GuestNotebooks({ context, log, host });
  const guestFiles = new GuestFiles({ host, log });
  const executedCells = new ExecutedCells(host);
  const services: Services = {
    ...{ context, log, channel, host, elsewhere, modelKeys, scope, composeFiles, previews },
    ...{
      pages,
      reviews,
      comments,
      changes,
      muted,
      attention,
      logs,
      records,
      notebooks,
      executedCells,
      openBoard,
    },
  };
  const tasks = new TaskDocuments(services);
  const views = {
    projects: new ProjectsView(services),
    threads: new ThreadsView(services),
    changes: new ChangesView(services),
    worktrees: new WorktreesView(services),
  };
  context.subscriptions.push(
    channel,
    { dispose: () => host.dispose() },
    scope,
    composeFiles,
    previews,
    comments,
    changes,
    logs,
    records,
    attention,
    notebooks,
    tasks,
    ...Object.values(views),
    vscode.workspace.registerFileSystemProvider(reviewScheme, reviewFiles, { isCaseSensitive: true }),
    guestFiles,
    executedCells,
    new JupyterExtensionServers({ context, log, host }),
    vscode.workspace.registerFileSystemProvider(guestScheme, guestFiles, { isCaseSensitive: true }),
    reviewFiles.keepCurrent(),
    unresolved.watch(),
    vscode.languages.registerCodeActionsProvider({ scheme: 'file' }, new TaskActions(services), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.languages.registerCodeLensProvider({ language: taskLanguage }, new TaskLenses(tasks)),
    vscode.languages.registerCodeLensProvider({ scheme: reviewScheme }, new ReviewLenses(services.changes)),
    vscode.languages.registerCompletionItemProvider(
      { language: taskLanguage },
      new TaskCompletions(services),
      ...TaskCompletions.triggers,
    ),
    registerTaskPlaceholder(),
  );
  registerCommands(services, { views, tasks });
  registerCompose(services);
  registerContextKeys(services);
  registerStatusBar(services, views.threads);
  registerTerminalPath(context, host.stateDir, log);
  registerMcpServer(context, host.stateDir);
  registerChatTools(context, { host, scope });
  context.subscriptions.push(onSettingChange(['muster.host.address'], () => host.reconnect()));
  context.subscriptions.push(warnOfDamage(host), watchScheduleTrouble(services));
  connectWhenNeeded(services, [views.projects, views.threads, views.worktrees]);
  return context.extensionMode === vscode.ExtensionMode.Test ? { services, views, tasks } : undefined;
}

/** VS Code waits for this when the window closes. */
export async function deactivate(): Promise<void> {
  closeWindow();
  await embedded?.stop();
}

function createHostConnection(
  context: vscode.ExtensionContext,
  { log, introduce, elsewhere }: Pick<HostConnectionOptions, 'log' | 'introduce' | 'elsewhere'>,
): HostConnection {
  const setting = readSetting('muster.stateDirectory');
  const stateDir = setting === '' ? stateDirectory(process.env) : resolve(setting);
  const distDir = join(context.extensionPath, 'dist');
  const maxRuns = readSetting('muster.host.maxRuns');
  const branchPrefix = readSetting('muster.branchPrefix');
  const warmWorktrees = readSetting('muster.warmWorktrees');
  const retention = {
    runDays: readSetting('muster.retention.runDays'),
    runGigabytes: readSetting('muster.retention.runGigabytes'),
    rescueDays: readSetting('muster.retention.rescueDays'),
  };
  const isEmbedded = readSetting('muster.host.mode') === 'embedded';
  const own = isEmbedded
    ? new EmbeddedHost({ stateDir, distDir, maxRuns, branchPrefix, warmWorktrees, retention })
    : undefined;
  embedded = own;
  return new HostConnection({
    stateDir,
    hostBundle: join(distDir, 'host.js'),
    nodePath: readSetting('muster.host.nodePath'),
    // A host that is started from here knows the settings; one that a terminal started has those of its environment.
    env: {
      MUSTER_RETENTION_RUN_DAYS: String(retention.runDays),
      MUSTER_RETENTION_RUN_GB: String(retention.runGigabytes),
      MUSTER_RETENTION_RESCUE_DAYS: String(retention.rescueDays),
      MUSTER_WARM_WORKTREES: String(warmWorktrees),
      ...process.env,
      ...(maxRuns > 0 ? { MUSTER_MAX_RUNS: String(maxRuns) } : {}),
      ...(branchPrefix === '' ? {} : { MUSTER_BRANCH_PREFIX: branchPrefix }),
    },
    log,
    introduce,
    elsewhere,
    isTrusted: () => vscode.workspace.isTrusted,
    startEmbedded: own && (() => own.start()),
  });
}

interface ViewWithVisibility {
  readonly visible: boolean;
  readonly onDidChangeVisibility: vscode.Event<vscode.TreeViewVisibilityChangeEvent>;
}

/** Attaches to a running host at once; starts one as soon as a person looks at Muster. */
function connectWhenNeeded({ context, host }: Services, views: readonly ViewWithVisibility[]): void {
  const begin = (): void => {
    if (views.some(({ visible }) => visible)) host.start();
    else host.attach();
  };
  for (const view of views) {
    context.subscriptions.push(
      view.onDidChangeVisibility(({ visible }) => {
        if (visible && host.state === 'stopped') host.start();
      }),
    );
  }
  const keepRunning = (): void => {
    if (views.some(({ visible }) => visible)) host.startIfLost();
  };
  const trusted = (): void => {
    void host.trusted();
    begin();
  };
  context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(trusted), host.onDidChangeState(keepRunning));
  begin();
}
