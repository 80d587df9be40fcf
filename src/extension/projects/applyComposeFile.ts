import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { AppError, isAppError } from '../../base/errors.js';
import type { ApplyProjectResponse, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { repositoryState } from '../git/gitExtension.js';
import type { Services } from '../services.js';
import { consentDetail } from './consentDetail.js';
import { offerService } from './offerService.js';
import { interpolatedVariables } from './interpolatedVariables.js';
import { problemText } from './problemText.js';
import { askModally, showDone, showInformation, showWarning, whileWaiting } from '../plain/messages.js';

export interface ApplyOptions {
  /** Spec hash that the person saw; another one by now is a `project.conflict`. Empty: no check. */
  readonly expectedSpecHash?: string;
}

/** Applies a compose file; what it asks consent for is listed and asked. The answer is what is applied now; none of a file with problems. */
export async function applyComposeFile(
  services: Services,
  file: vscode.Uri,
  { expectedSpecHash = '' }: ApplyOptions = {},
): Promise<Project | undefined> {
  await saveComposeFile(services, file);
  let applied: ApplyProjectResponse;
  try {
    applied = await applyAskingConsent(services, { file, expectedSpecHash });
    announce(file, applied);
    void offerService(services, applied.project);
    await services.previews.close(file);
  } catch (error) {
    if (!isAppError(error, 'compose.invalid')) throw error;
    await showProblems(file, error);
    return undefined;
  }
  // Applied all the same: nobody waits for the answer.
  void sayWhatRepositoryLacks(dirname(file.fsPath));
  return applied.project;
}

/** Agents work in git worktrees, which start from a commit: whoever has none learns it now and not from the first failure. */
async function sayWhatRepositoryLacks(folder: string): Promise<void> {
  const state = await repositoryState(folder);
  if (state === 'ready') return;
  const [text, label, command] =
    state === 'none'
      ? [
          vscode.l10n.t('Agents work in git worktrees, and this folder is in no git repository yet.'),
          vscode.l10n.t('Initialize Repository'),
          'git.init',
        ]
      : [
          vscode.l10n.t('Agents start from a commit, and this repository has none yet.'),
          vscode.l10n.t('Show Source Control'),
          'workbench.view.scm',
        ];
  if ((await showWarning(text, label)) === label) await vscode.commands.executeCommand(command);
}

/** Shows what applying would change, and offers to apply exactly that. */
export async function previewComposeFile(services: Services, file: vscode.Uri): Promise<void> {
  await saveComposeFile(services, file);
  try {
    const { changes, comparedWith } = await services.previews.show(file);
    const apply = vscode.l10n.t('Apply');
    const text =
      changes === ''
        ? vscode.l10n.t('Applying {0} would change nothing.', vscode.workspace.asRelativePath(file))
        : vscode.l10n.t('Applying {0} would change: {1}.', vscode.workspace.asRelativePath(file), changes);
    const chosen = await showInformation(text, ...(changes === '' ? [] : [apply]));
    if (chosen === apply) await applyComposeFile(services, file, { expectedSpecHash: comparedWith });
  } catch (error) {
    if (!isAppError(error, 'compose.invalid')) throw error;
    await showProblems(file, error);
  }
}

/** The host reads the file, not the editor. */
async function saveComposeFile(services: Services, file: vscode.Uri): Promise<void> {
  const open = openDocument(file);
  if (!open?.isDirty) return;
  services.composeFiles.savesToApply(file.fsPath);
  await open.save();
}

function openDocument(file: vscode.Uri): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(document => document.uri.toString() === file.toString());
}

interface Application {
  readonly file: vscode.Uri;
  readonly expectedSpecHash: string;
}

/** Throws `cancelled` when the person does not consent. */
async function applyAskingConsent(services: Services, application: Application): Promise<ApplyProjectResponse> {
  const { file } = application;
  let agreed = { consent: false, submittedSpecHash: '' };
  // A script that had to be fetched is a question of its own, after the one whether to fetch it.
  for (;;) {
    try {
      return await requestApply(services, { ...application, ...agreed });
    } catch (error) {
      if (!isAppError(error, 'consent.required')) throw error;
      await askConsent(file, error.data);
      // The person agreed to the file as it was then, not to what was written while the question stood.
      agreed = { consent: true, submittedSpecHash: error.data.specHash };
    }
  }
}

async function requestApply(
  services: Services,
  application: Application & { readonly consent: boolean; readonly submittedSpecHash: string },
): Promise<ApplyProjectResponse> {
  const { file, ...hashes } = application;
  const environment = await interpolatedVariables(file.fsPath);
  return whileWaiting(vscode.l10n.t('Applying the compose file'), async signal => {
    const client = await services.host.client(signal);
    return client.projects.applyProject({ file: file.fsPath, environment, ...hashes }, { signal });
  });
}

/** The others are in the Problems view. */
const shownProblems = 8;

async function showProblems(file: vscode.Uri, error: AppError<'compose.invalid'>): Promise<void> {
  const problems = error.data.problems.map(problem => problemText(problem, file.fsPath));
  const text =
    problems.length > 1
      ? vscode.l10n.t('The compose file has {0} problems and was not applied.', problems.length)
      : vscode.l10n.t('The compose file was not applied.');
  const show = vscode.l10n.t('Show Problems');
  const detail = problems.length === 0 ? error.message : problems.slice(0, shownProblems).join('\n');
  // No notification: VS Code has no way to take one back once the file was mended and applied.
  if ((await askModally({ text, detail }, show)) !== show) return;
  await vscode.window.showTextDocument(file);
  await vscode.commands.executeCommand('workbench.actions.view.problems');
}

/**
 * VS Code focuses the first button of a modal message: looking is what Enter does, and whoever looked applies
 * again.
 */
async function askConsent(file: vscode.Uri, question: AppError<'consent.required'>['data']): Promise<void> {
  const look = vscode.l10n.t('Look at File');
  const allow = vscode.l10n.t('Apply and Allow');
  const text = vscode.l10n.t('{0} asks for your consent.', vscode.workspace.asRelativePath(file));
  const detail = consentDetail(question);
  const chosen = await askModally({ text, detail }, look, allow);
  if (chosen === allow) return;
  if (chosen === look) await vscode.window.showTextDocument(file, { preview: false });
  throw new AppError('cancelled', 'The compose file was not applied.', {});
}

function announce(file: vscode.Uri, { project, unchanged, warnings, notes }: ApplyProjectResponse): void {
  const name = project?.name ?? '';
  const text = unchanged
    ? vscode.l10n.t('{0} is up to date', name)
    : vscode.l10n.t('Applied {0}, revision {1}', name, project?.revision ?? 0);
  showDone(text, 8000);
  if (notes.length > 0) void showInformation(notes.join(' '));
  // Where the file is open, its warnings are marked in it.
  if (!unchanged && warnings.length > 0 && !openDocument(file)) void showWarning(warnings.join(' '));
}
