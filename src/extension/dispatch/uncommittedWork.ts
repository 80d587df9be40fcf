import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { uncommittedAmong } from '../git/gitExtension.js';
import { showWarning } from '../plain/messages.js';
import type { Services } from '../services.js';
import type { TaskContext } from './taskText.js';

const rememberedKey = 'dispatchWithoutUncommitted';
/** As many as a question can name; the rest is counted. */
const namedFiles = 3;

/**
 * A worktree starts at a commit: what a task points at and is not committed, its agent does not see. Asks once per project what
 * to do about it. False: the person commits first.
 */
export async function mayDispatch(
  services: Services,
  project: Project,
  context: readonly TaskContext[],
): Promise<boolean> {
  if (context.length === 0 || remembered(services).includes(project.id)) return true;
  const files = [...new Set(context.map(({ path }) => path))].map(path => vscode.Uri.file(join(project.folder, path)));
  const unseen = await uncommittedAmong(files);
  if (unseen.length === 0) return true;
  const without = vscode.l10n.t('Dispatch Without Them');
  const always = vscode.l10n.t('Always in This Project');
  const commit = vscode.l10n.t('Commit First');
  const names = unseen.slice(0, namedFiles).map(({ fsPath }) => basename(fsPath));
  const text = vscode.l10n.t(
    'The agent starts from the last commit and will not see what you have changed in {0} since.',
    unseen.length > namedFiles
      ? vscode.l10n.t('{0} and {1} more', names.join(', '), unseen.length - namedFiles)
      : names.join(', '),
  );
  const chosen = await showWarning(text, commit, without, always);
  if (chosen === commit) await vscode.commands.executeCommand('workbench.view.scm');
  if (chosen === always) {
    await services.context.workspaceState.update(rememberedKey, [...remembered(services), project.id]);
  }
  return chosen === without || chosen === always;
}

function remembered({ context }: Services): readonly string[] {
  const stored = context.workspaceState.get<unknown>(rememberedKey);
  return Array.isArray(stored) ? stored.filter(entry => typeof entry === 'string') : [];
}
