import { join } from 'node:path';
import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { formatDuration } from '../../protocol/displayFormat.js';
import type { hostCommands } from '../manifest/hostCommands.js';
import { walkthrough } from '../manifest/walkthroughTable.js';
import type { Services } from '../services.js';
import type { CommandHandlers } from './commandHandler.js';
import { askModally, showDone, showInformation, whileWaiting } from '../plain/messages.js';
import { askForLine, pickRow } from '../plain/picks.js';

/** Commands on the host process; all of them work while it is down. */
export function hostHandlers(services: Services): CommandHandlers<keyof typeof hostCommands> {
  return {
    'muster.startHost': async () => {
      services.host.start();
      await whileWaiting(vscode.l10n.t('Starting the Muster host'), signal => services.host.client(signal));
    },
    'muster.stopHost': () => stopHost(services),
    'muster.connectToHost': async () => (await import('./connectToHost.js')).connectToHost(services),
    'muster.showHostStatus': () => showHostStatus(services),
    'muster.showHostLog': () => showHostLog(services),
    'muster.refreshEnvironment': () => refreshEnvironment(services),
    'muster.setModelKey': () => setModelKey(services),
    'muster.openWalkthrough': async () => {
      const id = `${services.context.extension.id}#${walkthrough.id}`;
      await vscode.commands.executeCommand('workbench.action.openWalkthrough', id, false);
    },
    'muster.showOutput': () => services.channel.show(),
  };
}

async function stopHost(services: Services): Promise<void> {
  if (services.host.state !== 'connected') {
    void showInformation(vscode.l10n.t('The Muster host is not running.'));
    return;
  }
  const stop = vscode.l10n.t('Stop Host');
  const chosen = await askModally(
    {
      text: vscode.l10n.t('Stop the Muster host?'),
      detail: vscode.l10n.t(
        'Agents that are at work go on; queued tasks and triggers wait until a host runs again. Other windows and terminals lose it too.',
      ),
    },
    stop,
  );
  if (chosen !== stop) return;
  try {
    await whileWaiting(vscode.l10n.t('Stopping the Muster host'), signal => services.host.stop(signal));
  } catch (error) {
    // It may end before its answer arrives, which is what was asked for.
    if (!isAppError(error, 'host.unreachable')) throw error;
  }
}

async function showHostStatus(services: Services): Promise<void> {
  const { host } = services;
  if (host.state !== 'connected') {
    const start = vscode.l10n.t('Start Host');
    const log = vscode.l10n.t('Show Log');
    const text =
      host.state === 'failed'
        ? vscode.l10n.t('The Muster host could not be started: {0}', describe(host.startError))
        : vscode.l10n.t('The Muster host is not running. State directory: {0}', host.stateDir);
    const chosen = await showInformation(text, start, log);
    if (chosen === start) await vscode.commands.executeCommand('muster.startHost');
    if (chosen === log) await vscode.commands.executeCommand('muster.showHostLog');
    return;
  }
  const status = await whileWaiting(vscode.l10n.t('Asking the Muster host'), async signal =>
    (await host.client(signal)).host.getStatus({}, { signal }),
  );
  const rows: readonly vscode.QuickPickItem[] = [
    { label: vscode.l10n.t('Version'), description: `${status.version} (Node ${status.nodeVersion})` },
    { label: vscode.l10n.t('Process'), description: `${status.pid} (${status.mode})` },
    { label: vscode.l10n.t('Running for'), description: formatDuration(status.uptimeS * 1000) },
    {
      label: vscode.l10n.t('Runs'),
      description: vscode.l10n.t('{0} active, {1} queued', status.activeRuns, status.queuedRuns),
    },
    { label: vscode.l10n.t('Clients'), description: String(status.clients) },
    ...(host.elsewhere === '' ? [] : [{ label: vscode.l10n.t('Address'), description: host.elsewhere }]),
    { label: vscode.l10n.t('State directory'), description: status.stateDir },
    { label: vscode.l10n.t('Socket'), description: status.socket },
  ];
  const picked = await pickRow(rows, {
    title: vscode.l10n.t('Muster Host'),
    placeHolder: vscode.l10n.t('Choose a row to copy it'),
  });
  if (picked?.description !== undefined) await vscode.env.clipboard.writeText(picked.description);
}

async function showHostLog(services: Services): Promise<void> {
  const file = vscode.Uri.file(join(services.host.stateDir, 'host.log'));
  try {
    const document = await vscode.workspace.openTextDocument(file);
    const editor = await vscode.window.showTextDocument(document, { preview: true });
    editor.revealRange(new vscode.Range(document.lineCount - 1, 0, document.lineCount - 1, 0));
  } catch {
    // Mostly it is not there; what else it may be is in the channel.
    void showInformation(vscode.l10n.t('The host has written no log yet: {0}', file.fsPath));
    services.channel.show();
  }
}

async function refreshEnvironment(services: Services): Promise<void> {
  const { variables } = await whileWaiting(vscode.l10n.t('Reading the login shell environment'), async signal =>
    (await services.host.client(signal)).host.refreshEnvironment({}, { signal }),
  );
  showDone(vscode.l10n.t('{0} variables of the login shell', variables), 5000);
}

/** Keeps a key for agents with `llm: facade` in the editor's secret storage. */
async function setModelKey(services: Services): Promise<void> {
  const { upstreams } = await whileWaiting(vscode.l10n.t('Asking the Muster host'), async signal =>
    (await services.host.client(signal)).models.listUpstreams({}, { signal }),
  );
  const rows = upstreams.map(({ name, endpoint, keySource }) => ({
    label: name,
    description: endpoint,
    detail: keySource === '' ? vscode.l10n.t('No key') : vscode.l10n.t('Key: {0}', keySource),
  }));
  const picked = await pickRow(rows, {
    title: vscode.l10n.t('Model Key'),
    placeHolder: vscode.l10n.t('Choose whose key to set'),
  });
  if (!picked) return;
  const key = await askForLine({
    title: vscode.l10n.t('Key of {0}', picked.label),
    prompt: vscode.l10n.t(
      'Kept in the secret storage of VS Code; the host has it in memory only. Leave it empty to forget it.',
    ),
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) return;
  await whileWaiting(vscode.l10n.t('Telling the Muster host'), async signal =>
    services.modelKeys.store(await services.host.client(signal), picked.label, key.trim()),
  );
  showDone(
    key.trim() === ''
      ? vscode.l10n.t('The key of {0} is forgotten', picked.label)
      : vscode.l10n.t('The key of {0} is set', picked.label),
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : vscode.l10n.t('no reason is known');
}
