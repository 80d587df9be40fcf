import * as vscode from 'vscode';
import type { ForeignWorktree } from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { listAgents, offerAgents } from '../dispatch/agentChoice.js';
import { agentRows } from '../dispatch/agentRows.js';
import { showInformation, whileWaiting } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';
import type { Services } from '../services.js';
import { isForeignNode } from '../views/worktreesView.js';
import type { Views } from '../views/views.js';

/** Makes a thread of a worktree that somebody else made, and opens it. */
export async function adoptWorktree(services: Services, views: Views, [node]: readonly unknown[]): Promise<void> {
  const worktree = isForeignNode(node) ? node.worktree : await pickForeign(services);
  if (!worktree) return;
  const choices = (await listAgents(services)).filter(({ project }) => project.id === worktree.project);
  if (choices.length === 0) return offerAgents(services);
  const rows = agentRows(choices, { several: false });
  const row =
    rows.length === 1 ? rows[0] : await pickRow(rows, { placeHolder: vscode.l10n.t('Whose thread does it become?') });
  const agent = row?.choice?.agent.name;
  if (agent === undefined) return;
  const { thread } = await whileWaiting(vscode.l10n.t('Adopting the worktree'), async signal => {
    const { worktrees } = await services.host.client(signal);
    const { path, project } = worktree;
    return await worktrees.adoptWorktree({ path, project, agent }, { signal });
  });
  views.worktrees.refresh();
  if (thread) await vscode.commands.executeCommand('muster.openThread', thread.id);
}

/** Of those that can be adopted. */
async function pickForeign({ host, scope }: Services): Promise<ForeignWorktree | undefined> {
  const { others } = await whileWaiting(vscode.l10n.t('Looking at worktrees'), async signal => {
    const { worktrees } = await host.client(signal);
    return await worktrees.listWorktrees({ others: true }, { signal });
  });
  const inScope = new Set(scope.projects().map(({ id }) => id));
  const rows = others
    .filter(({ problem, project }) => problem === '' && inScope.has(project))
    .map(worktree => ({ label: worktree.branch, detail: worktree.path, worktree }));
  if (rows.length === 0) {
    void showInformation(vscode.l10n.t('Every worktree of this window belongs to a thread.'));
    return undefined;
  }
  return (await pickRow(rows, { placeHolder: vscode.l10n.t('Which worktree should become a thread?') }))?.worktree;
}
