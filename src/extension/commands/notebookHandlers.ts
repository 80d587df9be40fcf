import * as vscode from 'vscode';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { formatAge } from '../../protocol/displayFormat.js';
import type { notebookCommands } from '../manifest/notebookCommands.js';
import { createNotebook, findNotebooks } from '../notebooks/notebookFiles.js';
import { showInformation, whileWaitingCancellable } from '../plain/messages.js';
import { askForLine, pickRow } from '../plain/picks.js';
import { windowClosing } from '../windowClosing.js';
import type { Services } from '../services.js';
import { isProjectsNode } from '../views/projectsNode.js';
import { pickThread, targetThread } from '../threads/pickThread.js';
import { threadTitle } from '../threads/threadTitles.js';
import type { CommandHandlers } from './commandHandler.js';

/** Commands on notebooks. All start the host and the thread's server when they are down, except stopping. */
export function notebookHandlers(services: Services): CommandHandlers<keyof typeof notebookCommands> {
  const target = async (args: readonly unknown[], placeHolder: string): Promise<Thread | undefined> => {
    const [row] = args;
    if (!isProjectsNode(row) || row.kind !== 'agent')
      return await targetThread(services, args, { placeHolder, filter: ({ worktree }) => worktree !== '' });
    const isOf = ({ worktree, projectId, agent }: Thread): boolean =>
      worktree !== '' && projectId === row.projectId && agent === row.agent;
    return await pickThread(services, { placeHolder, filter: isOf });
  };
  return {
    'muster.openGuestNotebook': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose notebooks?'));
      if (!thread) return;
      const uri = await pickNotebook(thread);
      if (uri) await open(services, thread, uri);
    },
    'muster.newGuestNotebook': async (...args) => {
      const thread = await target(args, vscode.l10n.t('In the worktree of which thread?'));
      if (!thread) return;
      const uri = await makeNotebook(thread);
      if (uri) await open(services, thread, uri);
    },
    'muster.openNotebooksInBrowser': async (...args) => {
      const thread = await target(args, vscode.l10n.t('Whose notebooks?'));
      if (!thread) return;
      const url = await whileWaitingCancellable(vscode.l10n.t('Opening the notebooks in a browser'), async signal => {
        const { notebooks } = await services.host.client(signal);
        const environment = collectProviderEnvironment(process.env);
        return (await notebooks.openNotebookPage({ threadId: thread.id, environment }, { signal })).url;
      });
      await vscode.env.openExternal(vscode.Uri.parse(url, true));
    },
    'muster.showExecutedCells': async (...args) => {
      const thread = await target(args, vscode.l10n.t('What was executed in the kernels of which thread?'));
      if (thread) await services.executedCells.open(thread);
    },
    // Where its kernels are: in a container, or in the worktree.
    'muster.attachGuestTerminal': async (...args) => {
      const thread = await target(args, vscode.l10n.t('To the guest of which thread?'));
      if (!thread) return;
      const { sandboxes } = await services.host.client(windowClosing);
      const { sandboxes: found } = await sandboxes.listSandboxes({ threadId: thread.id }, { signal: windowClosing });
      const command = found.length > 0 ? 'muster.openSandboxTerminal' : 'muster.openWorktreeTerminal';
      await vscode.commands.executeCommand(command, thread.id);
    },
    'muster.restartGuestKernel': async () => {
      const notebook = vscode.window.activeNotebookEditor?.notebook;
      const restarted = notebook ? await services.notebooks.restart(notebook) : false;
      if (!restarted) void showInformation(vscode.l10n.t('No notebook with a guest kernel is in front.'));
    },
    'muster.stopNotebookServer': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Whose notebook server?'),
        filter: hasServer,
      });
      if (!thread) return;
      await whileWaitingCancellable(vscode.l10n.t('Stopping the notebook server'), async signal => {
        const { notebooks } = await services.host.client(signal);
        await notebooks.stopNotebookServer({ threadId: thread.id }, { signal });
      });
    },
  };
}

function hasServer({ notebookServer }: Thread): boolean {
  return notebookServer?.state === 'ready' || notebookServer?.state === 'starting';
}

async function open(services: Services, thread: Thread, uri: vscode.Uri): Promise<void> {
  await whileWaitingCancellable(
    vscode.l10n.t('Opening the notebook of "{0}"', threadTitle(thread)),
    async signal => await services.notebooks.open(thread, uri, signal),
  );
}

async function pickNotebook(thread: Thread): Promise<vscode.Uri | undefined> {
  const files = await findNotebooks(thread.worktree);
  const make = vscode.l10n.t('New notebook...');
  const now = Date.now();
  const rows = [
    ...files.map(({ uri, path, modifiedAt }) => ({
      label: path,
      description: formatAge(modifiedAt, now),
      iconPath: new vscode.ThemeIcon('notebook'),
      uri,
    })),
    { label: make, description: '', iconPath: new vscode.ThemeIcon('new-file'), uri: undefined },
  ];
  const picked = await pickRow(rows, { placeHolder: vscode.l10n.t('Which notebook?'), matchOnDescription: true });
  if (!picked) return undefined;
  return picked.uri ?? (await makeNotebook(thread));
}

async function makeNotebook(thread: Thread): Promise<vscode.Uri | undefined> {
  const given = await askForLine({
    prompt: vscode.l10n.t('Name of the notebook in the worktree'),
    value: 'Untitled.ipynb',
    valueSelection: [0, 'Untitled'.length],
  });
  if (given === undefined || given.trim() === '') return undefined;
  const name = given.trim().endsWith('.ipynb') ? given.trim() : `${given.trim()}.ipynb`;
  if (/[\\/]|^\./.test(name)) {
    void showInformation(vscode.l10n.t('Give a plain file name, such as analysis.ipynb.'));
    return undefined;
  }
  const uri = await createNotebook(thread.worktree, name);
  if (!uri) void showInformation(vscode.l10n.t('{0} is there already.', name));
  return uri;
}
