import { delimiter, join } from 'node:path';
import * as vscode from 'vscode';
import { onSettingChange, readSetting } from './settings.js';

/** Makes `muster` a command of integrated terminals. */
export function registerTerminalPath(context: vscode.ExtensionContext, stateDir: string): void {
  const collection = context.environmentVariableCollection;
  collection.description = vscode.l10n.t('Adds the `muster` command');
  const apply = (): void => {
    if (readSetting('muster.terminal.addToPath')) collection.prepend('PATH', join(stateDir, 'bin') + delimiter);
    else collection.delete('PATH');
  };
  apply();
  context.subscriptions.push(onSettingChange(['muster.terminal.addToPath'], apply));
}
