import * as vscode from 'vscode';
import { readSource } from '../../compose/editor/composeSource.js';
import { lensPlaces, type TriggerAt } from '../../compose/editor/outline.js';
import { child } from '../../compose/source/composeNode.js';
import type { Span } from '../../compose/source/textPosition.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Services } from '../services.js';
import { isUnapplied, type WrittenAgent } from '../dispatch/startWritten.js';
import { isComposeDocument, readableText } from './composeDocuments.js';

/**
 * `Run` and `Dispatch…` above each agent that is applied as it stands there, `Fire now` above its triggers, `Apply to …` above what
 * is not.
 */
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
      // A dirty text became a file, and a host that is down says nothing of it.
      vscode.workspace.onDidSaveTextDocument(document => {
        if (isComposeDocument(document)) this.#changed.fire();
      }),
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
    const state = composeFiles.get(document.uri.fsPath);
    const isAsWritten = (part: Pick<WrittenAgent, 'agent' | 'start'>): boolean =>
      !document.isDirty && (!state || !isUnapplied(state, part));
    const agents = places.agents.flatMap(({ name, span }) => {
      const written = { file: document.uri, agent: name, prompt: '' };
      const commands = isApplied(project, name)
        ? agentCommands(written, isAsWritten({ agent: name, start: 'run' }))
        : [applyCommand(document.uri)];
      return commands.map(command => lens(span, command));
    });
    const triggers = places.triggers.flatMap(trigger => {
      const { agent, node } = trigger;
      if (!isApplied(project, agent)) return [];
      return [lens(node.span, fireCommand(document.uri, trigger, isAsWritten({ agent, start: 'fire' })))];
    });
    return [...agents, ...triggers];
  }
}

function isApplied(project: Project | undefined, agent: string): boolean {
  return project?.agents.some(({ name }) => name === agent) ?? false;
}

function agentCommands(agent: Omit<WrittenAgent, 'start'>, isAsWritten: boolean): readonly vscode.Command[] {
  if (!isAsWritten) return [startCommand(vscode.l10n.t('Apply to dispatch'), { ...agent, start: 'dispatch' })];
  return [
    startCommand(vscode.l10n.t('$(play) Run'), { ...agent, start: 'run' }),
    startCommand(vscode.l10n.t('Dispatch…'), { ...agent, start: 'dispatch' }),
  ];
}

/** Nobody has seen yet what a new one is. */
function applyCommand(file: vscode.Uri): vscode.Command {
  return { title: vscode.l10n.t('Apply to dispatch'), command: 'muster.applyProject', arguments: [file] };
}

function fireCommand(file: vscode.Uri, { agent, node }: TriggerAt, isAsWritten: boolean): vscode.Command {
  const written = child(node, 'prompt');
  const prompt = written?.kind === 'scalar' ? written.text : '';
  const title = isAsWritten ? vscode.l10n.t('$(zap) Fire now') : vscode.l10n.t('Apply to fire');
  return startCommand(title, { file, agent, prompt, start: 'fire' });
}

function startCommand(title: string, written: WrittenAgent): vscode.Command {
  return { title, command: 'muster.startWritten', arguments: [written] };
}
