import * as vscode from 'vscode';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { worktreeCommands } from '../manifest/worktreeCommands.js';
import type { Services } from '../services.js';
import { targetThread } from '../threads/pickThread.js';
import { removeAskingForIgnored } from '../threads/largeIgnoredFiles.js';
import { threadTitle } from '../threads/threadTitles.js';
import type { CommandHandlers } from './commandHandler.js';
import type { Views } from '../views/views.js';
import { showInformation, showWarning, askModally, whileWaiting } from '../plain/messages.js';

/** Commands on worktrees. Opening one needs no host; removing one starts it. */
export function worktreeHandlers(services: Services, views: Views): CommandHandlers<keyof typeof worktreeCommands> {
  const target = async (args: readonly unknown[], placeHolder: string) => {
    const thread = await targetThread(services, args, { placeHolder, filter: each => each.worktree !== '' });
    if (thread?.worktree === '') {
      void showInformation(vscode.l10n.t('{0} has no worktree.', threadTitle(thread)));
      return undefined;
    }
    return thread;
  };
  return {
    'muster.openWorktree': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose worktree should be opened?'));
      if (!thread) return;
      await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(thread.worktree), {
        forceNewWindow: true,
      });
    },
    'muster.openWorktreeTerminal': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose worktree should the terminal open in?'));
      if (!thread) return;
      const name = thread.branch.replace(/^muster\//, '');
      vscode.window.createTerminal({ name, cwd: thread.worktree, iconPath: new vscode.ThemeIcon('git-branch') }).show();
    },
    ...sandboxHandlers(services, views, target),
    'muster.removeWorktree': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose worktree should be removed?'));
      if (!thread) return;
      const remove = vscode.l10n.t('Remove Worktree');
      const chosen = await askModally(
        {
          text: vscode.l10n.t('Remove the worktree of "{0}"?', threadTitle(thread)),
          detail: removalDetail(thread),
        },
        remove,
      );
      if (chosen !== remove) return;
      await whileWaiting(vscode.l10n.t('Removing the worktree'), async signal => {
        const { worktrees } = await services.host.client(signal);
        await removeAskingForIgnored(ignored => worktrees.removeWorktree({ threadId: thread.id, ignored }, { signal }));
      });
      views.worktrees.refresh();
    },
    'muster.repairWorktree': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose worktree should be repaired?'));
      if (!thread) return;
      const { setAside } = await whileWaiting(vscode.l10n.t('Repairing the worktree'), async signal => {
        const { worktrees } = await services.host.client(signal);
        return await worktrees.repairWorktree({ threadId: thread.id }, { signal });
      });
      views.worktrees.refresh();
      void showInformation(
        setAside.length === 0
          ? vscode.l10n.t('The worktree of {0} is as it was made.', threadTitle(thread))
          : vscode.l10n.t(
              'The worktree of {0} is repaired. What was in the way: {1}',
              threadTitle(thread),
              setAside.join(', '),
            ),
      );
    },
    'muster.putBackShared': async (...args) => {
      const thread = await target(args, vscode.l10n.t('What runs of which thread did should be undone?'));
      if (!thread) return;
      const undo = vscode.l10n.t('Undo');
      const text = vscode.l10n.t('Undo what runs of "{0}" did to your repository?', threadTitle(thread));
      if ((await askModally({ text, detail: thread.notes.join('\n') }, undo)) !== undo) return;
      const { done, left } = await whileWaiting(vscode.l10n.t('Undoing'), async signal => {
        const { worktrees } = await services.host.client(signal);
        return await worktrees.putBackShared({ threadId: thread.id }, { signal });
      });
      if (left.length > 0) void showWarning(vscode.l10n.t('Left as it is: {0}', left.join('; ')));
      else if (done.length > 0) void showInformation(vscode.l10n.t('Undone: {0}', done.join('; ')));
      else void showInformation(vscode.l10n.t('Nothing was changed.'));
    },
    'muster.adoptWorktree': async (...args) =>
      (await import('./adoptWorktree.js')).adoptWorktree(services, views, args),
    'muster.cleanWorktrees': async () => (await import('./cleanWorktrees.js')).cleanWorktrees(services, views),
    'muster.refreshWorktrees': () => views.worktrees.refresh(),
  };
}

/** Into the containers that the agents of a thread work in. */
function sandboxHandlers(
  services: Services,
  views: Views,
  target: (args: readonly unknown[], placeHolder: string) => Promise<Thread | undefined>,
): Pick<CommandHandlers<keyof typeof worktreeCommands>, 'muster.openSandboxTerminal' | 'muster.attachSandbox'> {
  return {
    'muster.openSandboxTerminal': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose sandbox should the terminal open in?'));
      if (!thread) return;
      await (await import('./enterSandbox.js')).openSandboxTerminal(services, { thread, args });
      views.worktrees.refresh();
    },
    'muster.attachSandbox': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose sandbox should VS Code attach to?'));
      if (!thread) return;
      await (await import('./enterSandbox.js')).attachSandbox(services, { thread, args });
      views.worktrees.refresh();
    },
  };
}

/** What goes, what stays, and what becomes of the thread. */
function removalDetail(thread: Thread): string {
  const kept = vscode.l10n.t(
    'Its commits and uncommitted work are kept: Restore Thread, on its row under Done, brings them back.',
  );
  const closes = vscode.l10n.t('The thread is not merged: it is closed without merging.');
  return [...(thread.outcome === 'open' ? [closes] : []), kept, thread.worktree].join('\n');
}
