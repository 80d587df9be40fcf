import * as vscode from 'vscode';
import { errorMessage, isAnyAppError, isAppError, type ErrorData } from '../../base/errors.js';
import type { CommandId } from '../manifest/commandTable.js';
import type { Log } from '../../base/log.js';
import { showError, showWarning } from '../plain/messages.js';

interface NextStep {
  readonly label: string;
  readonly command: CommandId | 'workbench.trust.manage';
  readonly thread?: string;
}

/** Tells a person what went wrong and offers what helps. Cancellation is not an error. */
export async function reportError(error: unknown, log: Log): Promise<void> {
  if (isCancellation(error)) return;
  log.error(
    errorMessage(error),
    isAnyAppError(error) ? { code: error.code } : { stack: error instanceof Error ? error.stack : '' },
  );
  if (isAppError(error, 'merge.byHand')) return offerHandMergeEnd(error.data);
  const steps = nextSteps(error);
  const chosen = await showError(errorMessage(error), ...steps.map(({ label }) => label));
  const step = steps.find(({ label }) => label === chosen);
  if (step) await vscode.commands.executeCommand(step.command, ...(step.thread === undefined ? [] : [step.thread]));
}

/** Whatever was wanted of the thread waits for the merge that a person has begun in its worktree. */
export async function offerHandMergeEnd({ thread, target }: ErrorData['merge.byHand']): Promise<void> {
  const complete = vscode.l10n.t('Complete Merge');
  const giveUp = vscode.l10n.t('Give Up Merge');
  const text = vscode.l10n.t(
    'You are merging {0} into this thread by hand. Complete that merge first, or give it up.',
    target,
  );
  const chosen = await showWarning(text, complete, giveUp);
  if (chosen === complete) await vscode.commands.executeCommand('muster.finishHandMerge', thread);
  if (chosen === giveUp) await vscode.commands.executeCommand('muster.abandonHandMerge', thread);
}

/** True for our own cancellation and for VS Code's. */
function isCancellation(error: unknown): boolean {
  if (isAppError(error, 'cancelled') || error instanceof vscode.CancellationError) return true;
  return error instanceof Error && error.name === 'AbortError';
}

function nextSteps(error: unknown): readonly NextStep[] {
  if (!isAnyAppError(error)) return [{ label: vscode.l10n.t('Show Output'), command: 'muster.showOutput' }];
  if (isAppError(error, 'review.staged')) {
    const { thread } = error.data;
    return [
      { label: vscode.l10n.t('Commit Staged Changes...'), command: 'muster.commitStaged', thread },
      { label: vscode.l10n.t('Unstage All'), command: 'muster.unstageAll', thread },
    ];
  }
  switch (error.code) {
    case 'host.unreachable':
    case 'host.locked':
    case 'state.networkFileSystem':
    case 'state.unwritable':
      return [
        { label: vscode.l10n.t('Start Host'), command: 'muster.startHost' },
        { label: vscode.l10n.t('Show Log'), command: 'muster.showHostLog' },
      ];
    case 'host.elsewhere':
    case 'access.token':
      return [{ label: vscode.l10n.t('Connect to Host…'), command: 'muster.connectToHost' }];
    case 'compose.invalid':
    case 'compose.unreadable':
      return [{ label: vscode.l10n.t('Open Compose File'), command: 'muster.openComposeFile' }];
    case 'consent.required':
    case 'project.unknown':
      return [{ label: vscode.l10n.t('Apply Compose File'), command: 'muster.applyProject' }];
    case 'workspace.untrusted':
      return [{ label: vscode.l10n.t('Manage Workspace Trust'), command: 'workbench.trust.manage' }];
    case 'internal':
      return [{ label: vscode.l10n.t('Show Log'), command: 'muster.showHostLog' }];
    default:
      return [];
  }
}
