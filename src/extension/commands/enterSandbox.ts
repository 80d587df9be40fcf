import * as vscode from 'vscode';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { showInformation, whileWaiting } from '../plain/messages.js';
import type { Services } from '../services.js';
import { attachedFolder, devContainers, engineOf } from '../threads/attachedFolder.js';
import { sandboxEntry, type SandboxEntry } from '../threads/sandboxEntry.js';
import { threadTitle } from '../threads/threadTitles.js';

/** Whose sandbox, and the row of it if one was meant. */
interface Entered {
  readonly thread: Thread;
  readonly args: readonly unknown[];
}

/** Opens a terminal in what the agents of a thread work in. */
export async function openSandboxTerminal(services: Services, entered: Entered): Promise<void> {
  const entry = await enter(services, entered);
  if (!entry) {
    void showInformation(vscode.l10n.t('The agents of {0} work on this machine itself.', threadTitle(entered.thread)));
    return;
  }
  const [shellPath, ...words] = entry.command;
  const shellArgs = [...words, 'sh', '-c', 'exec bash 2>/dev/null || exec sh'];
  const iconPath = new vscode.ThemeIcon('server-environment');
  vscode.window.createTerminal({ name: entry.agent, shellPath, shellArgs, iconPath }).show();
}

/** Opens a window inside the container that the agents of a thread work in. */
export async function attachSandbox(services: Services, entered: Entered): Promise<void> {
  if (!vscode.extensions.getExtension(devContainers)) {
    const install = vscode.l10n.t('Show Extension');
    const text = vscode.l10n.t('VS Code attaches to containers with the extension Dev Containers.');
    if ((await showInformation(text, install)) === install)
      await vscode.commands.executeCommand('workbench.extensions.search', devContainers);
    return;
  }
  const entry = await enter(services, entered);
  const [container] = entry?.containers ?? [];
  if (entry?.driver !== 'docker' || container === undefined) {
    void showInformation(vscode.l10n.t('No container of {0} can be attached to.', threadTitle(entered.thread)));
    return;
  }
  const folder = vscode.Uri.parse(attachedFolder(container, engineOf(entry.command)));
  await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: true });
}

async function enter(services: Services, { thread, args }: Entered): Promise<SandboxEntry | undefined> {
  return await whileWaiting(vscode.l10n.t('Entering the sandbox'), signal =>
    sandboxEntry(services, { threadId: thread.id, args, signal }),
  );
}
