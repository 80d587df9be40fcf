import * as vscode from 'vscode';
import { Unseen } from './notifications/unseen.js';
import type { Services } from './services.js';
import { threadsNeedingYou, threadsReady, threadsWorking } from './threads/threadGroups.js';

/** The tree that lists the threads. */
interface ThreadList {
  readonly visible: boolean;
  readonly onDidChangeVisibility: vscode.Event<unknown>;
}

/** Agents at work and threads that need a person, always in view; a click lists them. It is amber for what is new. */
export function registerStatusBar({ context, host, scope }: Services, list: ThreadList): void {
  const unseen = new Unseen({ firstIsNews: true });
  const item = vscode.window.createStatusBarItem('muster.threads', vscode.StatusBarAlignment.Left, 50);
  item.name = vscode.l10n.t('Muster Threads');
  item.command = 'muster.showThreads';
  const show = (): void => {
    const threads = scope.threads();
    const working = threadsWorking(threads).length;
    const ready = threadsReady(threads).length;
    const needy = threadsNeedingYou(threads).map(({ id }) => id);
    const needing = needy.length;
    const isNews = unseen.look(needy, { listed: list.visible }) > 0;
    switch (host.state) {
      case 'connected':
        item.text = [
          `$(organization) ${working}`,
          ...(ready > 0 ? [`$(git-pull-request) ${ready}`] : []),
          ...(needing > 0 ? [`$(bell-dot) ${needing}`] : []),
        ].join(' · ');
        item.tooltip = vscode.l10n.t(
          'Muster: {0} working, {1} ready for review, {2} need you',
          working,
          ready,
          needing,
        );
        break;
      case 'connecting':
        item.text = '$(organization) $(loading~spin)';
        item.tooltip = vscode.l10n.t('Muster: connecting to the host');
        break;
      case 'stopped':
      case 'failed':
        item.text = '$(organization) $(debug-disconnect)';
        item.tooltip = vscode.l10n.t('Muster: the host is not running');
    }
    item.accessibilityInformation = { label: item.tooltip };
    item.backgroundColor =
      isNews && host.state === 'connected' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  };
  context.subscriptions.push(
    item,
    host.onDidChange(show),
    host.onDidChangeState(show),
    scope.onDidChange(show),
    list.onDidChangeVisibility(show),
  );
  show();
  item.show();
}
