import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { uncommittedAmong } from '../git/gitExtension.js';
import { askModally, showInformation } from '../plain/messages.js';
import type { Services } from '../services.js';
import type { TaskContext } from './taskText.js';

/** What becomes of what is not committed when a task points at it. */
type Choice = 'along' | 'without';

const rememberedKey = 'uncommittedWork';
/** As many as a question can name; the rest is counted. */
const namedFiles = 3;

/**
 * A worktree starts at a commit: what a task points at and is not committed, its agent does not see. Asks what to do about it, unless
 * the answer is known for the project. Undefined: the person commits first, or thinks again.
 */
export async function uncommittedWork(
  services: Services,
  project: Project,
  context: readonly TaskContext[],
): Promise<{ readonly withChanges: boolean } | undefined> {
  const known = ownValue(remembered(services), project.id);
  const files = [...new Set(context.map(({ path }) => path))].map(path => vscode.Uri.file(join(project.folder, path)));
  if (known === 'along') {
    await saveAmong(files);
    return { withChanges: true };
  }
  const unseen = known === 'without' ? [] : await uncommittedAmong(files);
  if (unseen.length === 0) return { withChanges: false };
  const along = vscode.l10n.t('Take Them Along');
  const without = vscode.l10n.t('Dispatch Without Them');
  const commit = vscode.l10n.t('Commit First');
  const chosen = await askModally(question(unseen), along, commit, without);
  if (chosen === commit) await vscode.commands.executeCommand('workbench.view.scm');
  if (chosen !== along && chosen !== without) return undefined;
  if (chosen === along) await saveAmong(files);
  void offerToRemember(services, project, chosen === along ? 'along' : 'without');
  return { withChanges: chosen === along };
}

/** The next task of each project asks again. */
export async function askAboutUncommittedAgain(services: Services): Promise<void> {
  await services.context.workspaceState.update(rememberedKey, undefined);
  showRemembered(services);
}

/** Whether there is an answer that could be forgotten, for the command that does it. */
export function showRemembered(services: Pick<Services, 'context'>): void {
  const isKnown = Object.keys(remembered(services)).length > 0;
  void vscode.commands.executeCommand('setContext', 'muster.uncommittedRemembered', isKnown);
}

function question(unseen: readonly vscode.Uri[]) {
  const names = unseen.slice(0, namedFiles).map(({ fsPath }) => basename(fsPath));
  const text = vscode.l10n.t(
    'The agent starts from the last commit and will not see what you have changed in {0} since.',
    unseen.length > namedFiles
      ? vscode.l10n.t('{0} and {1} more', names.join(', '), unseen.length - namedFiles)
      : names.join(', '),
  );
  const detail = vscode.l10n.t(
    'Taken along, the agent sees all your uncommitted changes, new files too and ignored ones not. They do not land with its work, and your checkout stays as it is.',
  );
  return { text, detail };
}

/** What stands in an editor alone is on no disk, and no agent would see it. */
async function saveAmong(files: readonly vscode.Uri[]): Promise<void> {
  const wanted = new Set(files.map(String));
  for (const document of vscode.workspace.textDocuments) {
    if (document.isDirty && wanted.has(document.uri.toString())) await document.save();
  }
}

async function offerToRemember(services: Services, project: Project, choice: Choice): Promise<void> {
  const always = vscode.l10n.t('Always in This Project');
  const text =
    choice === 'along'
      ? vscode.l10n.t('Your uncommitted changes were taken along. They do not land with the work.')
      : vscode.l10n.t('Your uncommitted changes were not taken along.');
  if ((await showInformation(text, always)) !== always) return;
  await services.context.workspaceState.update(rememberedKey, { ...remembered(services), [project.id]: choice });
  showRemembered(services);
}

function remembered({ context }: Pick<Services, 'context'>): Readonly<Record<string, Choice>> {
  const stored = context.workspaceState.get<unknown>(rememberedKey);
  if (typeof stored !== 'object' || stored === null) return {};
  const entries = Object.entries(stored).filter(
    (entry: [string, unknown]): entry is [string, Choice] => entry[1] === 'along' || entry[1] === 'without',
  );
  return Object.fromEntries(entries);
}
