import * as vscode from 'vscode';
import { readSource } from '../../compose/editor/composeSource.js';
import { lensPlaces, type TriggerAt } from '../../compose/editor/outline.js';
import { child } from '../../compose/source/composeNode.js';
import type { Span } from '../../compose/source/textPosition.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Services } from '../services.js';
import type { AgentNode } from '../views/projectsNode.js';
import { readableText } from './composeDocuments.js';

/** `Run` and `Dispatch…` above each agent that is applied, `Fire now` above its triggers, `Apply…` above what is not. */
export class ComposeLenses implements vscode.CodeLensProvider {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<void>();

  constructor(services: Services) {
    this.#services = services;
    services.context.subscriptions.push(
      this.#changed,
      services.host.onDidChange(({ projects }) => {
        if (projects.length > 0) this.#changed.fire();
      }),
      services.host.onDidChangeState(() => this.#changed.fire()),
      services.composeFiles.onDidChange(() => this.#changed.fire()),
    );
  }

  readonly onDidChangeCodeLenses = this.#changed.event;

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!vscode.workspace.isTrusted) return [];
    const { composeFiles } = this.#services;
    // What an agent made of it is nothing to apply.
    if (composeFiles.threadOf(document.uri.fsPath)) return [];
    const project = composeFiles.projectOf(document.uri.fsPath);
    const places = lensPlaces(readSource(readableText(document)));
    const lens = (span: Span, command: vscode.Command): vscode.CodeLens =>
      new vscode.CodeLens(new vscode.Range(document.positionAt(span.start), document.positionAt(span.end)), command);
    const agents = places.agents.flatMap(({ name, span }) => {
      const node = appliedAgent(project, name);
      return (node ? agentCommands(node) : [applyCommand(document.uri)]).map(command => lens(span, command));
    });
    const triggers = places.triggers.flatMap(trigger => {
      const node = appliedAgent(project, trigger.agent);
      return node ? [lens(trigger.node.span, fireCommand(node, trigger))] : [];
    });
    return [...agents, ...triggers];
  }
}

function appliedAgent(project: Project | undefined, agent: string): AgentNode | undefined {
  if (!project?.agents.some(({ name }) => name === agent)) return undefined;
  return { kind: 'agent', projectId: project.id, agent };
}

function agentCommands(node: AgentNode): readonly vscode.Command[] {
  return [
    { title: vscode.l10n.t('$(play) Run'), command: 'muster.runAgent', arguments: [node] },
    { title: vscode.l10n.t('Dispatch…'), command: 'muster.dispatch', arguments: [node] },
  ];
}

function applyCommand(file: vscode.Uri): vscode.Command {
  return { title: vscode.l10n.t('Apply to dispatch'), command: 'muster.applyProject', arguments: [file] };
}

function fireCommand({ projectId, agent }: AgentNode, { node }: TriggerAt): vscode.Command {
  const prompt = child(node, 'prompt');
  const written = prompt?.kind === 'scalar' ? prompt.text : '';
  const firing = { kind: 'trigger', projectId, agent, prompt: written };
  return { title: vscode.l10n.t('$(zap) Fire now'), command: 'muster.fireTrigger', arguments: [firing] };
}
