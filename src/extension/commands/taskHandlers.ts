import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { listAgents, offerAgents, type AgentChoice } from '../dispatch/agentChoice.js';
import { askForTask } from '../dispatch/askForTask.js';
import { editorContext, fileContext } from '../dispatch/editorContext.js';
import { announceDispatch, sendTask } from '../dispatch/sendTask.js';
import { taskLanguage, type TaskDocuments } from '../dispatch/taskDocuments.js';
import type { TaskContext } from '../dispatch/taskText.js';
import type { taskCommands } from '../manifest/taskCommands.js';
import type { Services } from '../services.js';
import { isProjectsNode } from '../views/projectsNode.js';
import type { CommandHandlers } from './commandHandler.js';
import { askForLine, pickRow } from '../plain/picks.js';

/** Commands that dispatch. They start the host when it is down; without agents they lead to the compose file. */
export function taskHandlers(services: Services, tasks: TaskDocuments): CommandHandlers<keyof typeof taskCommands> {
  const dispatchFrom = (start: DispatchStart): Promise<void> => dispatch({ services, tasks }, start);
  return {
    'muster.dispatch': node => dispatchFrom({ node, context: [] }),
    'muster.dispatchSelection': () => {
      const context = editorContext(services, vscode.window.activeTextEditor);
      return dispatchFrom({ context: context ? [context] : [] });
    },
    'muster.dispatchFile': uri => {
      const context = uri instanceof vscode.Uri ? fileContext(services, uri) : undefined;
      return dispatchFrom({ context: context ? [context] : [] });
    },
    'muster.dispatchWithContext': (prompt, path, line) => {
      if (typeof prompt !== 'string' || typeof path !== 'string' || typeof line !== 'number') return;
      return dispatchFrom({ prompt, context: [{ path, startLine: line, endLine: line }] });
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
    'muster.attachToTask': async uri => {
      const document = taskDocument(uri);
      const context = document && (await pickContext(services));
      if (document && context) await tasks.attach(document, context);
    },
    'muster.taskOptions': async uri => {
      const document = taskDocument(uri);
      if (!document) return;
      const draft = await tasks.draftOf(document);
      const base = await askForLine({
        prompt: vscode.l10n.t('Branch or commit that the work starts from; empty: as the compose file says'),
        value: draft?.base ?? '',
      });
      if (base !== undefined) await tasks.setBase(document, base.trim());
    },
  };
}

interface DispatchStart {
  /** Row of the Projects tree. */
  readonly node?: unknown;
  readonly context: readonly TaskContext[];
  readonly prompt?: string;
}

async function dispatch(
  { services, tasks }: { readonly services: Services; readonly tasks: TaskDocuments },
  { node, context, prompt = '' }: DispatchStart,
): Promise<void> {
  const all = await listAgents(services);
  const choices =
    isProjectsNode(node) && node.kind === 'agent'
      ? all.filter(({ project, agent }) => project.id === node.projectId && agent.name === node.agent)
      : all;
  if (choices.length === 0) return offerAgents(services);
  const [first] = context;
  const title = first ? vscode.l10n.t('Dispatch a task about {0}', place(first)) : vscode.l10n.t('Dispatch a task');
  const answer = prompt === '' ? await askForTask(choices, { title }) : await pickFor(choices, prompt);
  if (!answer) return;
  if (answer.prompt === '') return tasks.open(answer.choice, context);
  const { project, agent } = answer.choice;
  const task = { projectId: project.id, agent: agent.name, prompt: answer.prompt, context, key: randomUUID() };
  const threadId = await sendTask(services, task);
  await announceDispatch(agent.name, threadId);
}

/** A task that is already written only needs its agent. */
async function pickFor(choices: readonly AgentChoice[], prompt: string) {
  const choice = choices.length === 1 ? choices[0] : await pickOne(choices);
  return choice && { choice, prompt };
}

async function pickAgent(services: Services): Promise<AgentChoice | undefined> {
  const choices = await listAgents(services);
  return pickOne(choices);
}

async function pickOne(choices: readonly AgentChoice[]): Promise<AgentChoice | undefined> {
  const rows = choices.map(choice => ({
    label: choice.agent.name,
    description: [choice.agent.provider, choice.agent.model].filter(part => part !== '').join(' · '),
    choice,
  }));
  const picked = await pickRow(rows, { placeHolder: vscode.l10n.t('Which agent?') });
  return picked?.choice;
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
