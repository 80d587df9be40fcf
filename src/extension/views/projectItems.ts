import * as vscode from 'vscode';
import { formatAge, formatDuration, formatMaker } from '../../protocol/displayFormat.js';
import type { Agent, Project, Trigger } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { ComposeFileState } from '../projects/composeFileStates.js';
import { describeChanges } from '../projects/describeChanges.js';
import { statusWord } from '../threads/threadText.js';
import { projectTitle, threadTitle } from '../threads/threadTitles.js';
import { threadThemeIcon } from './threadNodes.js';

const warning = new vscode.ThemeColor('notificationsWarningIcon.foreground');
const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export interface ProjectRowOptions {
  readonly state: ComposeFileState | undefined;
  /** Where the file is, when the name alone does not tell; else empty. */
  readonly place: string;
}

/** `shop  main · applied · 3 agents · revision 3`; says when the file is not what is applied. */
export function projectItem(project: Project, { state, place }: ProjectRowOptions): vscode.TreeItem {
  const item = new vscode.TreeItem(project.name, Expanded);
  const count = project.agents.length;
  const agents = count === 1 ? vscode.l10n.t('1 agent') : vscode.l10n.t('{0} agents', count);
  const word = project.consented ? stateWord(state) : vscode.l10n.t('waits for consent');
  const revision = vscode.l10n.t('revision {0}', project.revision);
  item.id = `project:${project.id}`;
  item.description = [place, project.mergeTarget, word, agents, revision].filter(part => part !== '').join(' · ');
  item.contextValue = state?.kind === 'changed' ? 'project changed' : 'project';
  item.iconPath = projectIcon(project, state);
  item.accessibilityInformation = {
    label: vscode.l10n.t('Project {0}, {1}, {2}', projectTitle(project), word, agents),
  };
  item.tooltip = [
    project.file,
    vscode.l10n.t('Revision {0}, applied {1}', project.revision, new Date(Number(project.appliedAt)).toLocaleString()),
    ...stateDetails(state),
  ].join('\n');
  if (!project.consented) {
    item.command = {
      command: 'muster.applyProject',
      title: vscode.l10n.t('Apply'),
      arguments: [{ kind: 'project', projectId: project.id }],
    };
  }
  return item;
}

function projectIcon(project: Project, state: ComposeFileState | undefined): vscode.ThemeIcon {
  if (!project.consented) return new vscode.ThemeIcon('shield');
  if (state?.kind === 'invalid') return new vscode.ThemeIcon('warning', warning);
  return new vscode.ThemeIcon('organization');
}

function stateWord(state: ComposeFileState | undefined): string {
  switch (state?.kind) {
    case 'changed':
      return vscode.l10n.t('file changed');
    case 'invalid':
      return vscode.l10n.t('file invalid');
    default:
      return vscode.l10n.t('applied');
  }
}

function stateDetails(state: ComposeFileState | undefined): readonly string[] {
  switch (state?.kind) {
    case 'changed':
      return [vscode.l10n.t('The file would change: {0}', describeChanges(state.changes))];
    case 'invalid':
      return [vscode.l10n.t('The file has problems; what is applied stays:'), ...state.problems.slice(0, 5)];
    default:
      return [];
  }
}

/** A compose file of this window that is not applied. */
export function fileItem(file: string, state: ComposeFileState | undefined): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.workspace.asRelativePath(file), None);
  const invalid = state?.kind === 'invalid';
  item.id = `file:${file}`;
  item.description = invalid ? vscode.l10n.t('invalid') : vscode.l10n.t('not applied');
  item.contextValue = 'file';
  item.iconPath = invalid ? new vscode.ThemeIcon('warning', warning) : new vscode.ThemeIcon('file-code');
  item.tooltip = [file, ...(invalid ? state.problems.slice(0, 5) : [])].join('\n');
  const place = vscode.workspace.asRelativePath(file);
  item.accessibilityInformation = { label: vscode.l10n.t('{0}, {1}', place, item.description) };
  item.command = { command: 'vscode.open', title: vscode.l10n.t('Open'), arguments: [vscode.Uri.file(file)] };
  return item;
}

export function agentItem(
  project: Project,
  agent: Agent,
  { hasChildren }: { readonly hasChildren: boolean },
): vscode.TreeItem {
  const item = new vscode.TreeItem(agent.name, hasChildren ? Collapsed : None);
  const broken = agent.problem !== '';
  const facts = [formatMaker(agent), agent.driver === 'process' ? agent.workspace : agent.driver];
  const next = agent.handoffTo.join(', ');
  const load = [
    agent.active > 0 ? vscode.l10n.t('{0} working', agent.active) : '',
    agent.queued > 0 ? vscode.l10n.t('{0} queued', agent.queued) : '',
  ];
  item.id = `agent:${project.id}:${agent.name}`;
  item.description = (
    broken ? [agent.provider, firstSentence(agent.problem)] : [...facts, next && `→ ${next}`, ...load]
  )
    .filter(part => part !== '')
    .join(' · ');
  item.contextValue = broken ? 'agent problem' : 'agent';
  item.iconPath = broken ? new vscode.ThemeIcon('warning', warning) : new vscode.ThemeIcon('robot');
  item.accessibilityInformation = {
    label: broken
      ? vscode.l10n.t('Agent {0}, problem: {1}', agent.name, agent.problem)
      : vscode.l10n.t(
          'Agent {0}, {1}',
          agent.name,
          [...facts, handsTo(next), ...load].filter(part => part !== '').join(', '),
        ),
  };
  const permissions = vscode.l10n.t('Permissions: {0}', agent.permissions);
  const told = broken ? [agent.problem] : [permissions, handsTo(next)];
  item.tooltip = [agent.description, ...told].filter(line => line !== '').join('\n');
  if (broken) {
    item.command = {
      command: 'muster.explainAgentProblem',
      title: vscode.l10n.t('How to Fix'),
      arguments: [{ kind: 'agent', projectId: project.id, agent: agent.name }],
    };
  }
  return item;
}

/** Who goes on with what an agent has done. */
function handsTo(agents: string): string {
  return agents === '' ? '' : vscode.l10n.t('Hands its work to {0}', agents);
}

function firstSentence(text: string): string {
  return text.split(/(?<=[.!])\s|[:;\n]/, 1)[0]?.replace(/\.$/, '') ?? text;
}

/** `morning  next in 12 min`; a trigger that nothing fires by itself says so. */
export function triggerItem(
  trigger: Trigger,
  {
    id,
    fires,
    now,
    schedule = trigger.schedule,
  }: {
    readonly id: string;
    readonly fires: readonly number[];
    readonly now: number;
    /** As people say it; otherwise as it is written. */
    readonly schedule?: string | undefined;
  },
): vscode.TreeItem {
  const what = `${trigger.kind} ${schedule}`;
  const name = trigger.name === '' ? what : trigger.name;
  const item = new vscode.TreeItem(name, None);
  const [next] = fires;
  const due = next === undefined ? '' : formatDuration(next - now);
  item.id = id;
  item.description = [
    trigger.switchedOff ? vscode.l10n.t('off') : '',
    due === '' ? '' : trigger.automatic ? vscode.l10n.t('next in {0}', due) : vscode.l10n.t('due in {0}', due),
    trigger.automatic && trigger.kind === 'event' ? vscode.l10n.t('waits for {0}', trigger.schedule) : '',
    trigger.automatic ? '' : vscode.l10n.t('fired by hand'),
  ]
    .filter(part => part !== '')
    .join(' · ');
  item.contextValue = trigger.automatic ? `trigger ${trigger.switchedOff ? 'off' : 'on'}` : 'trigger';
  item.iconPath = new vscode.ThemeIcon(trigger.kind === 'event' ? 'broadcast' : 'watch');
  item.tooltip = [
    trigger.timezone === '' ? what : `${what} (${trigger.timezone})`,
    ...(trigger.prompt === '' ? [] : [trigger.prompt]),
    ...(trigger.automatic ? [] : [vscode.l10n.t('This version of Muster does not fire it by itself.')]),
    ...fires.map(time => `• ${timeText(time, trigger.timezone)}`),
  ].join('\n');
  item.accessibilityInformation = { label: vscode.l10n.t('Trigger {0}, {1}', name, item.description) };
  return item;
}

function timeText(time: number, timezone: string): string {
  const zone = timezone === '' || timezone.toLowerCase() === 'local' ? undefined : timezone;
  return new Date(time).toLocaleString(undefined, zone === undefined ? {} : { timeZone: zone });
}

/** The latest run of a thread, below the agent that worked. */
export function runItem(thread: Thread, now: number): vscode.TreeItem {
  const item = new vscode.TreeItem(threadTitle(thread), None);
  item.id = `run:${thread.id}`;
  item.description = `${statusWord(thread)} · ${formatAge(Number(thread.updatedAt), now)}`;
  item.contextValue = 'run';
  item.iconPath = threadThemeIcon(thread);
  item.accessibilityInformation = { label: vscode.l10n.t('{0}, {1}', threadTitle(thread), item.description) };
  item.command = { command: 'muster.openThread', title: vscode.l10n.t('Open Thread'), arguments: [thread.id] };
  return item;
}
