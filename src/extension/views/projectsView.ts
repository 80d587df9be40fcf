import * as vscode from 'vscode';
import type { Agent, Project, Trigger } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { placesOfNamesakes } from '../../protocol/projectNames.js';
import { createPlainTree, type PlainTree } from '../plain/trees.js';
import type { Services } from '../services.js';
import type * as nextFire from './nextFire.js';
import { agentItem, fileItem, projectItem, runItem, triggerItem } from './projectItems.js';
import type { AgentNode, ProjectNode, ProjectsNode, RunNode, TriggerNode } from './projectsNode.js';

/** How many of an agent's runs its row unfolds to. */
const latestRuns = 3;
/** How many times the tooltip of a trigger lists. */
const listedTimes = 5;
/** How often the times of rows in view are brought up to date. */
const tickMs = 30_000;
/** What changes together is drawn once. */
const coalesceMs = 200;

/** The Projects tree: applied compose files, their agents with triggers and latest runs, and files that wait for it. */
export class ProjectsView implements vscode.TreeDataProvider<ProjectsNode>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: PlainTree<ProjectsNode>;
  readonly #subscriptions: readonly { dispose(): void | Promise<void> }[];
  #timer: NodeJS.Timeout | undefined;
  #times: typeof nextFire | undefined;
  /** How the rows looked when they were last drawn. */
  #shown = '';

  constructor(services: Services) {
    this.#services = services;
    this.#view = createPlainTree('muster.projects', { treeDataProvider: this, showCollapseAll: true });
    const tick = setInterval(() => {
      if (this.#view.visible) this.#refreshIfDifferent();
    }, tickMs);
    this.#subscriptions = [
      this.#view,
      this.#changed,
      services.host.onDidChange(({ projects, threads }) => {
        if (projects.length > 0 || threads.length > 0) this.#schedule();
      }),
      services.host.onDidChangeState(() => this.#schedule()),
      services.scope.onDidChange(() => this.#schedule()),
      services.composeFiles.onDidChange(() => this.#schedule()),
      { dispose: () => clearInterval(tick) },
      { dispose: () => clearTimeout(this.#timer) },
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
    switch (node?.kind) {
      case undefined:
        return this.#roots();
      case 'project':
        return this.#agentsOf(node);
      case 'agent':
        return this.#childrenOfAgent(node);
      case 'file':
      case 'run':
      case 'trigger':
        return [];
    }
  }

  getTreeItem(node: ProjectsNode): vscode.TreeItem {
    if (node.kind === 'file') return fileItem(node.file, this.#services.composeFiles.get(node.file));
    const project = this.#services.host.projects.get(node.projectId);
    if (!project) return new vscode.TreeItem('');
    switch (node.kind) {
      case 'project':
        return projectItem(project, {
          state: this.#services.composeFiles.stateOf(project),
          // Two clones, or two files of one repository, may have one name.
          place: placesOfNamesakes(this.#services.scope.projects()).get(project.id) ?? '',
        });
      case 'agent': {
        const agent = findAgent(project, node.agent);
        if (!agent) return new vscode.TreeItem(node.agent);
        return agentItem(project, agent, { hasChildren: this.#childrenOfAgent(node).length > 0 });
      }
      case 'trigger':
        return this.#triggerItem(project, node);
      case 'run': {
        const thread = this.#services.host.threads.get(node.threadId);
        return thread ? runItem(thread, Date.now()) : new vscode.TreeItem('');
      }
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  #roots(): ProjectsNode[] {
    const projects = this.#services.scope.projects().map(({ id }): ProjectNode => ({ kind: 'project', projectId: id }));
    const files = this.#services.composeFiles.notApplied();
    // While nothing is applied, the view's welcome says what to do.
    if (projects.length === 0 && !files.some(file => this.#services.composeFiles.threadOf(file))) return [];
    return [
      ...projects,
      ...files.map((file): ProjectsNode => {
        const thread = this.#services.composeFiles.threadOf(file);
        return thread ? { kind: 'run', projectId: thread.projectId, threadId: thread.id } : { kind: 'file', file };
      }),
    ];
  }

  #agentsOf({ projectId }: ProjectNode): AgentNode[] {
    const agents = this.#services.host.projects.get(projectId)?.agents ?? [];
    return agents.map(({ name }): AgentNode => ({ kind: 'agent', projectId, agent: name }));
  }

  #childrenOfAgent({ projectId, agent }: AgentNode): (TriggerNode | RunNode)[] {
    const project = this.#services.host.projects.get(projectId);
    const triggers = (project && findAgent(project, agent)?.triggers) ?? [];
    return [
      ...triggers.map(({ prompt }, index): TriggerNode => ({ kind: 'trigger', projectId, agent, index, prompt })),
      ...this.#latestThreads(projectId, agent).map(({ id }): RunNode => ({ kind: 'run', projectId, threadId: id })),
    ];
  }

  #latestThreads(projectId: string, agent: string): readonly Thread[] {
    return [...this.#services.host.threads.values()]
      .filter(thread => thread.projectId === projectId && (thread.agent === agent || thread.latestRun?.agent === agent))
      .sort((a, b) => Number(b.updatedAt - a.updatedAt))
      .slice(0, latestRuns);
  }

  #triggerItem(project: Project, { agent, index }: TriggerNode): vscode.TreeItem {
    const trigger = findAgent(project, agent)?.triggers[index];
    if (!trigger) return new vscode.TreeItem('');
    if (!this.#times) void this.#loadTimes();
    const now = Date.now();
    const schedule = this.#times?.scheduleText(trigger);
    const fires = trigger.switchedOff ? [] : this.#firesOf(project, trigger, now);
    return triggerItem(trigger, { id: `trigger:${project.id}:${agent}:${index}`, fires, now, schedule });
  }

  /** When it is due next: as the host says, and by the calendar what comes after that. */
  #firesOf(project: Project, trigger: Trigger, now: number): readonly number[] {
    const next = Number(trigger.nextFireAt);
    if (!trigger.automatic) {
      return this.#times?.nextFires(trigger, { appliedAt: Number(project.appliedAt), now, count: listedTimes }) ?? [];
    }
    if (next === 0) return [];
    if (trigger.kind === 'timeout') return [next];
    return [next, ...(this.#times?.nextFires(trigger, { appliedAt: next, now: next, count: listedTimes - 1 }) ?? [])];
  }

  /** Calendars are only needed where there are triggers. */
  async #loadTimes(): Promise<void> {
    this.#times = await import('./nextFire.js');
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#refreshIfDifferent();
    }, coalesceMs);
  }

  /** A redrawn row forgets a click that is under way, so nothing is redrawn that looks the same. */
  #refreshIfDifferent(): void {
    const look = JSON.stringify(this.#look(undefined));
    if (look === this.#shown) return;
    this.#shown = look;
    this.refresh();
  }

  #look(node: ProjectsNode | undefined): readonly unknown[] {
    return this.getChildren(node).map(each => {
      const { label, description, contextValue, tooltip, iconPath } = this.getTreeItem(each);
      return [each, label, description, contextValue, tooltip, iconPath, ...this.#look(each)];
    });
  }
}

function findAgent(project: Project, name: string): Agent | undefined {
  return project.agents.find(agent => agent.name === name);
}
