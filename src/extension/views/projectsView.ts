import * as vscode from 'vscode';
import type { Agent, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Services } from '../services.js';

export interface ProjectNode {
  readonly kind: 'project';
  readonly projectId: string;
}

export interface AgentNode {
  readonly kind: 'agent';
  readonly projectId: string;
  readonly agent: string;
}

export type ProjectsNode = ProjectNode | AgentNode;

/** True for what the tree hands to a command. */
export function isProjectsNode(value: unknown): value is ProjectsNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'project' || value.kind === 'agent') &&
    'projectId' in value &&
    typeof value.projectId === 'string'
  );
}

/** The Projects tree: applied compose files and their agents. */
export class ProjectsView implements vscode.TreeDataProvider<ProjectsNode>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: vscode.TreeView<ProjectsNode>;
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(services: Services) {
    this.#services = services;
    this.#view = vscode.window.createTreeView('muster.projects', { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [
      this.#view,
      this.#changed,
      services.host.onDidChange(({ projects }) => {
        if (projects.length > 0) this.refresh();
      }),
      services.host.onDidChangeState(() => this.refresh()),
      services.scope.onDidChange(() => this.refresh()),
    ];
  }

  readonly onDidChangeTreeData = this.#changed.event;

  get onDidChangeVisibility(): vscode.Event<vscode.TreeViewVisibilityChangeEvent> {
    return this.#view.onDidChangeVisibility;
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  getChildren(node?: ProjectsNode): ProjectsNode[] {
    if (!node) return this.#services.scope.projects().map(({ id }) => ({ kind: 'project', projectId: id }));
    if (node.kind === 'agent') return [];
    const project = this.#services.host.projects.get(node.projectId);
    return (project?.agents ?? []).map(({ name }) => ({ kind: 'agent', projectId: node.projectId, agent: name }));
  }

  getTreeItem(node: ProjectsNode): vscode.TreeItem {
    const project = this.#services.host.projects.get(node.projectId);
    if (!project) return new vscode.TreeItem('');
    if (node.kind === 'project') return projectItem(project);
    const agent = project.agents.find(({ name }) => name === node.agent);
    return agent ? agentItem(project, agent) : new vscode.TreeItem(node.agent);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }
}

function projectItem(project: Project): vscode.TreeItem {
  const item = new vscode.TreeItem(project.name, vscode.TreeItemCollapsibleState.Expanded);
  const count = project.agents.length;
  const agents = count === 1 ? vscode.l10n.t('1 agent') : vscode.l10n.t('{0} agents', count);
  const state = project.consented ? vscode.l10n.t('applied') : vscode.l10n.t('waits for consent');
  item.id = `project:${project.id}`;
  item.description = [project.mergeTarget, state, agents].filter(part => part !== '').join(' · ');
  item.contextValue = 'project';
  item.iconPath = new vscode.ThemeIcon(project.consented ? 'organization' : 'shield');
  item.accessibilityInformation = { label: vscode.l10n.t('Project {0}, {1}, {2}', project.name, state, agents) };
  item.tooltip = vscode.l10n.t('{0}\nRevision {1}', project.file, project.revision);
  if (!project.consented) {
    item.command = {
      command: 'muster.applyProject',
      title: vscode.l10n.t('Apply'),
      arguments: [{ kind: 'project', projectId: project.id }],
    };
  }
  return item;
}

function agentItem(project: Project, agent: Agent): vscode.TreeItem {
  const item = new vscode.TreeItem(agent.name);
  const broken = agent.problem !== '';
  const facts = [agent.provider, agent.model, agent.driver === 'process' ? agent.workspace : agent.driver];
  const load = [
    agent.active > 0 ? vscode.l10n.t('{0} working', agent.active) : '',
    agent.queued > 0 ? vscode.l10n.t('{0} queued', agent.queued) : '',
  ];
  item.id = `agent:${project.id}:${agent.name}`;
  item.description = (broken ? [agent.provider, firstSentence(agent.problem)] : [...facts, ...load])
    .filter(part => part !== '')
    .join(' · ');
  item.contextValue = broken ? 'agent problem' : 'agent';
  item.iconPath = broken
    ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('notificationsWarningIcon.foreground'))
    : new vscode.ThemeIcon('robot');
  item.accessibilityInformation = {
    label: broken
      ? vscode.l10n.t('Agent {0}, problem: {1}', agent.name, agent.problem)
      : vscode.l10n.t('Agent {0}, {1}', agent.name, item.description),
  };
  item.tooltip = broken ? agent.problem : vscode.l10n.t('Permissions: {0}', agent.permissions);
  if (broken) {
    item.command = {
      command: 'muster.explainAgentProblem',
      title: vscode.l10n.t('How to Fix'),
      arguments: [{ kind: 'agent', projectId: project.id, agent: agent.name }],
    };
  }
  return item;
}

function firstSentence(text: string): string {
  return text.split(/(?<=[.!])\s|[:;\n]/, 1)[0]?.replace(/\.$/, '') ?? text;
}
