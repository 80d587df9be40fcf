import { delimiter, join } from 'node:path';
import * as vscode from 'vscode';
import { errorMessage } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { productVersion } from '../protocol/productVersion.js';
import { onSettingChange, readSetting } from './settings.js';

/** Profiles often set PATH anew: shell integration puts our folder in front once more after they have run. */
const always: vscode.EnvironmentVariableMutatorOptions = {
  applyAtProcessCreation: true,
  applyAtShellIntegration: true,
};

/** Makes `muster` a command of integrated terminals: the folder on their PATH, and the program in it. */
export function registerTerminalPath(context: vscode.ExtensionContext, stateDir: string, log: Log): void {
  const collection = context.environmentVariableCollection;
  collection.description = vscode.l10n.t('Adds the `muster` command');
  const apply = (): void => {
    if (!readSetting('muster.terminal.addToPath')) {
      collection.delete('PATH');
      return;
    }
    collection.prepend('PATH', join(stateDir, 'bin') + delimiter, always);
    if (vscode.workspace.isTrusted) void install(context, stateDir, log);
  };
  apply();
  context.subscriptions.push(
    onSettingChange(['muster.terminal.addToPath'], apply),
    vscode.workspace.onDidGrantWorkspaceTrust(apply),
  );
}

async function install(context: vscode.ExtensionContext, stateDir: string, log: Log): Promise<void> {
  try {
    const { installTerminalCommand } = await import('./terminalCommand.js');
    await installTerminalCommand({
      stateDir,
      cli: join(context.extensionPath, 'dist', 'cli.js'),
      version: productVersion,
      nodePath: readSetting('muster.host.nodePath'),
      env: process.env,
    });
  } catch (error) {
    log.warn('The muster command could not be installed', { reason: errorMessage(error) });
  }
}
