import * as vscode from 'vscode';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { showInformation } from '../plain/messages.js';
import type { Services } from '../services.js';

/** Kept for the machine: who said no is not asked again. */
const askedKey = 'muster.serviceOffered';

/** A schedule fires while a host runs; whoever applies the first one learns how to have one always. */
export async function offerService({ context }: Services, project: Project | undefined): Promise<void> {
  const isScheduled = project?.agents.some(({ triggers }) => triggers.some(({ automatic }) => automatic)) ?? false;
  if (!isScheduled || context.globalState.get<boolean>(askedKey) === true) return;
  await context.globalState.update(askedKey, true);
  const install = vscode.l10n.t('Start It at Login...');
  const text = vscode.l10n.t('Schedules fire while a Muster host runs: this window and the command line start one.');
  if ((await showInformation(text, install)) !== install) return;
  // In sight, because it changes what this machine does at login.
  const terminal = vscode.window.createTerminal({ name: 'Muster' });
  terminal.show();
  terminal.sendText('muster service install');
}
