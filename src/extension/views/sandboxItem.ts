import * as vscode from 'vscode';
import type { Sandbox, SandboxUsage } from '../../protocol/gen/muster/v1/sandboxes_pb.js';

/** The row of what the agents of a thread run in. */
export function sandboxItem({
  threadId,
  sandbox,
}: {
  readonly threadId: string;
  readonly sandbox: Sandbox;
}): vscode.TreeItem {
  const item = new vscode.TreeItem(sandbox.agent);
  const state = sandboxState(sandbox);
  item.id = `sandbox:${sandbox.id}`;
  item.description = [sandbox.image, state, sandbox.node, sandbox.progress].filter(part => part !== '').join(' · ');
  item.contextValue = 'sandbox';
  item.iconPath = new vscode.ThemeIcon(sandbox.state === 'failed' ? 'warning' : 'server-environment');
  item.tooltip = sandboxFacts(sandbox).join('\n');
  // What is seen beside the name, and of a pod what it is at.
  const heard = [state, sandbox.node, sandbox.phase, sandbox.progress].filter(part => part !== '').join(', ');
  item.accessibilityInformation = { label: vscode.l10n.t('Container of {0}, {1}', sandbox.agent, heard) };
  item.command = { command: 'muster.openThread', title: vscode.l10n.t('Open Thread'), arguments: [threadId] };
  return item;
}

/** What to know of it, a line each; with what it uses and what was said of it lately, where that was asked for. */
export function sandboxFacts(sandbox: Sandbox): readonly string[] {
  const { driver, image, progress, problem, node, phase, usage, happenings } = sandbox;
  const where = [node, phase].filter(word => word !== '').join(' · ');
  const used = usage ? usageText(usage) : '';
  const facts = [`${driver} · ${image} · ${sandboxState(sandbox)}`, where, progress, problem, used, ...happenings];
  return facts.filter(line => line !== '');
}

function usageText({ cpus, memoryBytes, memoryLimitBytes, processes }: SandboxUsage): string {
  const mebibytes = (bytes: bigint): string => (Number(bytes) / 1024 ** 2).toFixed(0);
  return vscode.l10n.t(
    '{0} % of a processor, {1} of {2} MiB, {3} processes',
    (cpus * 100).toFixed(0),
    mebibytes(memoryBytes),
    mebibytes(memoryLimitBytes),
    processes,
  );
}

function sandboxState({ state, phase }: Sandbox): string {
  switch (state) {
    case 'running':
      return vscode.l10n.t('running');
    case 'creating':
      return vscode.l10n.t('being made');
    case 'failed':
      return vscode.l10n.t('failed');
    case 'missing':
      return vscode.l10n.t('gone');
    case 'unknown':
      return vscode.l10n.t('no answer');
    default:
      // It is made, and its cluster has no room for what is to run in it.
      return phase === 'Pending' ? vscode.l10n.t('waiting') : vscode.l10n.t('ready');
  }
}
