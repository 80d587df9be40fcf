import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { listAgents, offerAgents, type AgentChoice } from '../dispatch/agentChoice.js';
import { editorContext, fileContext, projectOfFile } from '../dispatch/editorContext.js';
import { announceDispatch, sendTask } from '../dispatch/sendTask.js';
import { isContextTask } from '../dispatch/taskActions.js';
import { pickBase } from '../dispatch/pickBase.js';
import { askAboutUncommittedAgain, uncommittedWork } from '../dispatch/uncommittedWork.js';
import { taskLanguage, type TaskDocuments } from '../dispatch/taskDocuments.js';
import type { TaskContext } from '../dispatch/taskText.js';
import type { taskCommands } from '../manifest/taskCommands.js';
import type { Services } from '../services.js';
import { isProjectsNode } from '../views/projectsNode.js';
import type { CommandHandlers } from './commandHandler.js';
import { pickRow } from '../plain/picks.js';

/** Commands that dispatch. They start the host when it is down; without agents they lead to the compose file. */
export function taskHandlers(services: Services, tasks: TaskDocuments): CommandHandlers<keyof typeof taskCommands> {
  const dispatchFrom = (start: DispatchStart): Promise<void> => dispatch({ services, tasks }, start);
  return {
    'muster.dispatch': node => dispatchFrom({ node, context: [] }),
    'muster.dispatchBestOf': async uri => {
      const document = taskDocument(uri);
      const base = document && (await tasks.draftOf(document))?.base;
      await (await import('./attempts.js')).dispatchBestOf(services, document && { document, base });
    },
    'muster.dispatchSelection': () => {
      const editor = vscode.window.activeTextEditor;
      return dispatchFrom(about(services, editor?.document.uri, editorContext(services, editor)));
    },
    'muster.dispatchFile': uri => {
      const file = uri instanceof vscode.Uri ? uri : undefined;
      return dispatchFrom(about(services, file, file && fileContext(services, file)));
    },
    'muster.dispatchWithContext': task => {
      if (!isContextTask(task)) return;
      const { prompt, path, line, projectId, summary } = task;
      const context = [{ path, startLine: line, endLine: line }];
      return dispatchFrom({ prompt, context, summary, ...(projectId !== undefined && { projectId }) });
    },
    'muster.sendTask': async uri => {
      const document = taskDocument(uri);
      if (document) await tasks.send(document);
    },
    'muster.pickTaskAgent': async uri => {
      const document = taskDocument(uri);
      const choice = document && (await pickAgent(services));
      if (document && choice) await tasks.setAgent(document, choice);
    },
    'muster.setTaskAgent': async (uri, projectId, name) => {
      const document = taskDocument(uri);
      const choices = await listAgents(services);
      const choice = choices.find(({ project, agent }) => project.id === projectId && agent.name === name);
      if (document && choice) await tasks.setAgent(document, choice);
    },
    'muster.attachToTask': async uri => {
      const document = taskDocument(uri);
      const context = document && (await pickContext(services));
      if (document && context) await tasks.attach(document, context);
    },
    'muster.askAboutUncommittedAgain': () => askAboutUncommittedAgain(services),
    'muster.taskOptions': async uri => {
      const document = taskDocument(uri);
      if (!document) return;
      const draft = await tasks.draftOf(document);
      const project = draft && services.host.projects.get(draft.projectId);
      if (!draft || !project) return;
      const base = await pickBase(project.folder, draft.base);
      if (base !== undefined) await tasks.setBase(document, base);
    },
  };
}

interface DispatchStart {
  /** Row of the Projects tree. */
  readonly node?: unknown;
  readonly context: readonly TaskContext[];
  /** The project that the context is of: only its agents can see those files. */
  readonly projectId?: string;
  readonly prompt?: string;
  readonly summary?: string;
}

/** A dispatch about a file or a part of one, to the agents of its project. */
function about(services: Services, uri: vscode.Uri | undefined, context: TaskContext | undefined): DispatchStart {
  const project = uri && projectOfFile(services, uri);
  return { context: context ? [context] : [], ...(project && { projectId: project.id }) };
}

async function dispatch(
  { services, tasks }: { readonly services: Services; readonly tasks: TaskDocuments },
  { node, context, projectId, prompt = '', summary = '' }: DispatchStart,
): Promise<void> {
  const all = await listAgents(services);
  const choices =
    isProjectsNode(node) && node.kind === 'agent'
      ? all.filter(({ project, agent }) => project.id === node.projectId && agent.name === node.agent)
      : all.filter(({ project }) => projectId === undefined || project.id === projectId);
  if (choices.length === 0) return offerAgents(services);
  const [first] = context;
  const title = first ? vscode.l10n.t('Dispatch a task about {0}', place(first)) : vscode.l10n.t('Dispatch a task');
  const several = services.scope.projects().length > 1;
  const answer =
    prompt === ''
      ? await (await import('../dispatch/askForTask.js')).askForTask(choices, { title, several })
      : await pickFor(choices, { prompt, several });
  if (!answer) return;
  if (answer.prompt === '') return tasks.open(answer.choice, { context });
  const { project, agent } = answer.choice;
  const uncommitted = await uncommittedWork(services, project, context);
  if (!uncommitted) return;
  const { prompt: written } = answer;
  const task = { projectId: project.id, agent: agent.name, prompt: written, context, summary, key: randomUUID() };
  try {
    await sendTask(services, { ...task, ...uncommitted });
    await announceDispatch(services, task);
  } catch (error) {
    // What was typed is not lost: it stands in an editor, ready to be sent again.
    await tasks.open(answer.choice, { context, prompt: answer.prompt });
    throw error;
  }
}

/** A task that is already written only needs its agent. */
async function pickFor(
  choices: readonly AgentChoice[],
  { prompt, several }: { readonly prompt: string; readonly several: boolean },
) {
  const choice = choices.length === 1 ? choices[0] : await pickOne(choices, several);
  return choice && { choice, prompt };
}

async function pickAgent(services: Services): Promise<AgentChoice | undefined> {
  return pickOne(await listAgents(services), services.scope.projects().length > 1);
}

async function pickOne(choices: readonly AgentChoice[], several: boolean): Promise<AgentChoice | undefined> {
  const { pickAgentOf } = await import('../dispatch/agentRows.js');
  return pickAgentOf(choices, { several });
}

/** The open files with their selections, the last used first. */
async function pickContext(services: Services): Promise<TaskContext | undefined> {
  const selected = vscode.window.visibleTextEditors
    .filter(({ selection }) => !selection.isEmpty)
    .map(editor => editorContext(services, editor));
  const open = vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .map(({ input }) => (input instanceof vscode.TabInputText ? fileContext(services, input.uri) : undefined));
  const known = [...selected, ...open].filter(context => context !== undefined);
  const rows = [...new Map(known.map(context => [place(context), context]))].map(([label, context]) => ({
    label,
    context,
  }));
  const browse = {
    label: vscode.l10n.t('Choose a file...'),
    iconPath: new vscode.ThemeIcon('folder'),
    context: undefined,
  };
  const picked = await pickRow([...rows, browse], { placeHolder: vscode.l10n.t('Attach what?') });
  if (picked !== browse) return picked?.context;
  const chosen = await vscode.window.showOpenDialog({ canSelectMany: false });
  return chosen?.[0] && fileContext(services, chosen[0]);
}

function place({ path, startLine, endLine }: TaskContext): string {
  if (startLine === 0) return path;
  return startLine === endLine ? `${path}:${startLine}` : `${path}:${startLine}-${endLine}`;
}

/** The document a lens, a key or the palette means. */
function taskDocument(uri: unknown): vscode.TextDocument | undefined {
  if (uri instanceof vscode.Uri) {
    return vscode.workspace.textDocuments.find(document => document.uri.toString() === uri.toString());
  }
  const active = vscode.window.activeTextEditor?.document;
  return active?.languageId === taskLanguage ? active : undefined;
}
