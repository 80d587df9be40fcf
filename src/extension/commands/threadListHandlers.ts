import * as vscode from 'vscode';
import type { CommandId } from '../manifest/commandTable.js';
import type { Services } from '../services.js';
import { threadPicks, type ThreadPick } from '../threads/pickThread.js';
import { threadTitle } from '../threads/threadTitles.js';
import type { CommandHandlers } from './commandHandler.js';
import type { Views } from '../views/views.js';
import { askForLine, pickRow } from '../plain/picks.js';

/** What is done to the list, not to one thread of it. */
export type ThreadListCommand = Extract<
  CommandId,
  | 'muster.openSelectedThread'
  | 'muster.showThreads'
  | 'muster.groupThreads'
  | 'muster.filterThreads'
  | 'muster.clearThreadFilter'
  | 'muster.showMoreDone'
  | 'muster.showBoard'
  | 'muster.showSchedules'
>;

/** Commands on the list of threads. */
export function threadListHandlers(services: Services, { threads: view }: Views): CommandHandlers<ThreadListCommand> {
  return {
    'muster.openSelectedThread': async () => {
      const thread = view.selectedThread;
      if (thread) await services.pages.open(thread.id, { title: threadTitle(thread) });
    },
    'muster.showThreads': () => showThreads(services),
    'muster.groupThreads': async () => {
      const rows: readonly (vscode.QuickPickItem & { readonly run: () => Promise<void> | void })[] = [
        {
          label: vscode.l10n.t('State'),
          description: view.grouping === 'state' ? vscode.l10n.t('now') : '',
          run: () => view.setGrouping('state'),
        },
        {
          label: vscode.l10n.t('Agent'),
          description: view.grouping === 'agent' ? vscode.l10n.t('now') : '',
          run: () => view.setGrouping('agent'),
        },
        { label: '', kind: vscode.QuickPickItemKind.Separator, run: () => {} },
        {
          label: services.scope.all
            ? vscode.l10n.t('Only threads of this window')
            : vscode.l10n.t('Also threads of other folders'),
          run: () => {
            services.scope.all = !services.scope.all;
          },
        },
      ];
      const picked = await pickRow(rows, { placeHolder: vscode.l10n.t('Group threads by') });
      await picked?.run();
    },
    'muster.filterThreads': async () => {
      const query = await askForLine({
        prompt: vscode.l10n.t('Words of the task, agent, branch or id'),
        value: view.query,
      });
      if (query !== undefined) await view.setQuery(query);
    },
    'muster.clearThreadFilter': () => view.setQuery(''),
    'muster.showMoreDone': () => view.showAllDone(),
    'muster.showBoard': () => services.openBoard(),
    'muster.showSchedules': () => services.openBoard('schedules'),
  };
}

async function showThreads(services: Services): Promise<void> {
  const dispatch: ThreadPick = {
    label: vscode.l10n.t('Dispatch Task...'),
    iconPath: new vscode.ThemeIcon('play'),
  };
  const board: ThreadPick = {
    label: vscode.l10n.t('Show Board'),
    iconPath: new vscode.ThemeIcon('project'),
  };
  if (services.host.state !== 'connected') {
    await vscode.commands.executeCommand('muster.showHostStatus');
    return;
  }
  const rows: readonly ThreadPick[] = [
    ...threadPicks(services.scope.threads()),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    dispatch,
    board,
  ];
  const picked = await pickRow(rows, {
    placeHolder: vscode.l10n.t('Threads, those that need you first'),
    matchOnDescription: true,
  });
  if (!picked) return;
  if (picked === dispatch) await vscode.commands.executeCommand('muster.dispatch');
  else if (picked === board) await services.openBoard();
  else if (picked.thread) await services.pages.open(picked.thread.id);
}
