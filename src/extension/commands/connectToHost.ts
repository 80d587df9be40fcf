import * as vscode from 'vscode';
import { remoteOrigin } from '../../client/remoteEndpoint.js';
import { showDone, whileWaiting } from '../plain/messages.js';
import { askForLine } from '../plain/picks.js';
import type { Services } from '../services.js';

const setting = 'muster.host.address';

/** Asks for a host of another machine and its token, tries them, and goes there; an empty address comes back to this machine. */
export async function connectToHost({ host, elsewhere }: Services): Promise<void> {
  const text = await askForLine({
    title: vscode.l10n.t('Connect to Host'),
    prompt: vscode.l10n.t('Address of the host. Empty: the host of this machine.'),
    placeHolder: 'https://builds.example:7410',
    value: host.elsewhere,
    ignoreFocusOut: true,
    validateInput: value =>
      value.trim() === '' || remoteOrigin(value.trim()) !== undefined
        ? undefined
        : vscode.l10n.t('Write it as https://host or http://host:port.'),
  });
  if (text === undefined) return;
  const address = remoteOrigin(text.trim());
  if (address === undefined) {
    await elsewhere.forget(host.elsewhere);
    await useAddress(undefined);
    showDone(vscode.l10n.t('Muster: the host of this machine'), 5000);
    return;
  }
  const token = (
    await askForLine({
      title: vscode.l10n.t('Connect to Host'),
      prompt: vscode.l10n.t('Token for {0}. `muster token create` makes one where the host runs.', address),
      password: true,
      ignoreFocusOut: true,
    })
  )?.trim();
  if (!token) return;
  const version = await whileWaiting(vscode.l10n.t('Connecting to {0}', address), async signal => {
    const { tryHost } = await import('../host/liveHost.js');
    return await tryHost({ address, token }, signal);
  });
  await elsewhere.keep(address, token);
  if (host.elsewhere === address) host.reconnect();
  else await useAddress(address);
  showDone(vscode.l10n.t('Muster {0} at {1}', version, address), 5000);
}

async function useAddress(address: string | undefined): Promise<void> {
  await vscode.workspace.getConfiguration().update(setting, address, vscode.ConfigurationTarget.Global);
}
