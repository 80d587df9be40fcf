import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.js';
import type { HostConnection } from '../host/hostConnection.js';
import { showWarning } from '../plain/messages.js';

/** Says, once per window, that the database was damaged: an empty list of threads must not look like the truth. */
export function warnOfDamage(host: Pick<HostConnection, 'onDidChangeState' | 'damaged'>): Disposable {
  const told = new Set<string>();
  return host.onDidChangeState(state => {
    if (state !== 'connected') return;
    for (const path of host.damaged) {
      if (told.has(path)) continue;
      told.add(path);
      void warn(path);
    }
  });
}

async function warn(path: string): Promise<void> {
  const terminal = vscode.l10n.t('Open Terminal');
  const chosen = await showWarning(
    vscode.l10n.t(
      'The database of Muster was damaged and put aside as {0}; what was in it is not listed. Apply your compose files again, then run "muster recover" in a terminal to bring threads back.',
      path,
    ),
    terminal,
  );
  if (chosen === terminal) vscode.window.createTerminal().show();
}
