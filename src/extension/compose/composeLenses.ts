import * as vscode from 'vscode';
import { readSource } from '../../compose/editor/composeSource.js';
import { lensPlaces } from '../../compose/editor/outline.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Services } from '../services.js';
import type { AgentNode } from '../views/projectsView.js';

/** `Dispatch…` above each agent that is applied, `Apply…` above one that is not. */
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
    );
  }

  readonly onDidChangeCodeLenses = this.#changed.event;

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const project = projectOf(this.#services, document.uri);
    return lensPlaces(readSource(document.getText())).agents.map(({ name, span }) => {
      const start = document.positionAt(span.start);
      const range = new vscode.Range(start, document.positionAt(span.end));
      const applied = project?.agents.some(agent => agent.name === name) ?? false;
      if (!project || !applied) {
        return new vscode.CodeLens(range, {
          title: vscode.l10n.t('Apply to dispatch'),
          command: 'muster.applyProject',
          arguments: [document.uri],
        });
      }
      const node: AgentNode = { kind: 'agent', projectId: project.id, agent: name };
      return new vscode.CodeLens(range, {
        title: vscode.l10n.t('$(play) Dispatch…'),
        command: 'muster.dispatch',
        arguments: [node],
      });
    });
  }
}

/** The project that was applied from a file. */
export function projectOf(services: Services, file: vscode.Uri): Project | undefined {
  return services.scope.projects().find(project => project.file === file.fsPath);
}
