import * as vscode from 'vscode';
import { showRemembered } from './dispatch/uncommittedWork.js';
import type { Services } from './services.js';
import { WalkthroughProgress } from './walkthroughProgress.js';

/** Keeps the context keys current that menus and welcome views ask for. */
export function registerContextKeys({ context, host, scope, composeFiles }: Services): void {
  const progress = new WalkthroughProgress({ host, scope });
  const set = (key: string, value: unknown): void =>
    void vscode.commands.executeCommand('setContext', `muster.${key}`, value);
  const showProjects = (): void => set('hasProject', scope.projects().length > 0);
  // While no host answers nobody knows: a command starts one and asks it.
  const showThreads = (): void => set('hasThreads', host.state !== 'connected' || scope.threads().length > 0);
  const showHandMerges = (): void =>
    set(
      'handMerges',
      scope.threads().some(({ handMerge }) => handMerge !== ''),
    );
  const findComposeFiles = async (): Promise<void> => {
    const found = await vscode.workspace.findFiles('**/agent-compose.{yml,yaml}', '**/node_modules/**', 1);
    set('hasComposeFile', found.length > 0);
    progress.hasComposeFile = found.length > 0;
    // Known to have none; before that is known nobody is asked to write one.
    set('hasNoComposeFile', found.length === 0);
  };
  const showToApply = (): void => set('hasMoreToApply', composeFiles.hasMoreToApply);
  const files = vscode.workspace.createFileSystemWatcher('**/agent-compose.{yml,yaml}', false, true, false);
  set('active', true);
  set('hostState', host.state);
  showRemembered({ context });
  showProjects();
  showThreads();
  showHandMerges();
  showToApply();
  void findComposeFiles();
  context.subscriptions.push(
    files,
    progress,
    files.onDidCreate(() => void findComposeFiles()),
    files.onDidDelete(() => void findComposeFiles()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => void findComposeFiles()),
    composeFiles.onDidChange(showToApply),
    host.onDidChangeState(state => {
      set('hostState', state);
      showThreads();
    }),
    host.onDidChange(({ projects }) => {
      if (projects.length > 0) showProjects();
      showThreads();
      showHandMerges();
      showToApply();
    }),
    scope.onDidChange(() => {
      showProjects();
      showThreads();
    }),
  );
}
