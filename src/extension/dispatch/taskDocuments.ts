import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { listAgents, type AgentChoice } from './agentChoice.js';
import { announceDispatch, receiverName, sendTask } from './sendTask.js';
import { uncommittedWork } from './uncommittedWork.js';
import { parseTask, referenceLine, type TaskContext } from './taskText.js';
import { showInformation } from '../plain/messages.js';
import { windowClosing } from '../windowClosing.js';

export const taskLanguage = 'muster-task';

const stateKey = 'taskDrafts';
/** A share of the height that shows a task of a few lines. */
const taskShare = 0.3;

interface TaskDraft {
  readonly projectId: string;
  readonly agent: string;
  readonly base: string;
  /** Kept over tries, so that a lost answer does not dispatch twice. */
  readonly key: string;
}

/** Untitled documents in which tasks are written, and what each will be sent to. */
export class TaskDocuments implements vscode.Disposable {
  readonly #services: Services;
  readonly #drafts = new Map<string, TaskDraft>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #closed: vscode.Disposable;

  constructor(services: Services) {
    this.#services = services;
    for (const [uri, draft] of storedDrafts(services.context.workspaceState.get(stateKey)))
      this.#drafts.set(uri, draft);
    this.#closed = vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (this.#drafts.delete(uri.toString())) this.#store();
    });
  }

  /** Fires when a document's agent or base changed. */
  readonly onDidChange = this.#changed.event;

  /** Opens an empty task for an agent, in a group of its own below the code. */
  async open(
    choice: Pick<AgentChoice, 'project' | 'agent'>,
    { context = [], prompt = '' }: { readonly context?: readonly TaskContext[]; readonly prompt?: string } = {},
  ): Promise<void> {
    const content = context.length === 0 ? prompt : `${prompt}\n\n${context.map(referenceLine).join('\n')}\n`;
    const document = await vscode.workspace.openTextDocument({ language: taskLanguage, content });
    this.#set(document, { projectId: choice.project.id, agent: choice.agent.name, base: '', key: randomUUID() });
    if (vscode.window.activeTextEditor) await openGroupBelow();
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    editor.selection = new vscode.Selection(0, 0, 0, 0);
  }

  /** Where a document goes; one that nobody knows any more goes to the first agent. */
  async draftOf(document: vscode.TextDocument): Promise<TaskDraft | undefined> {
    const known = this.#drafts.get(document.uri.toString());
    if (known) return known;
    if (this.#services.host.state !== 'connected') return undefined;
    const [first] = await listAgents(this.#services);
    if (!first) return undefined;
    return this.#set(document, { projectId: first.project.id, agent: first.agent.name, base: '', key: randomUUID() });
  }

  /** Who a document is for, as people tell agents apart. */
  receiverOf(draft: Pick<TaskDraft, 'projectId' | 'agent'>): string {
    return receiverName(this.#services, draft);
  }

  async setAgent(document: vscode.TextDocument, choice: AgentChoice): Promise<void> {
    const draft = await this.draftOf(document);
    this.#set(document, {
      base: draft?.base ?? '',
      key: draft?.key ?? randomUUID(),
      projectId: choice.project.id,
      agent: choice.agent.name,
    });
    this.#changed.fire();
  }

  async setBase(document: vscode.TextDocument, base: string): Promise<void> {
    const draft = await this.draftOf(document);
    if (draft) this.#set(document, { ...draft, base });
    this.#changed.fire();
  }

  /** Adds a reference at the end of a document. */
  async attach(document: vscode.TextDocument, context: TaskContext): Promise<void> {
    const edit = new vscode.WorkspaceEdit();
    const last = document.lineAt(document.lineCount - 1);
    const before = last.isEmptyOrWhitespace ? '' : '\n';
    edit.insert(document.uri, last.range.end, `${before}${referenceLine(context)}\n`);
    await vscode.workspace.applyEdit(edit);
  }

  /** Sends a document's task and closes it; the text stays when sending fails. */
  async send(document: vscode.TextDocument): Promise<void> {
    const { prompt, context } = parseTask(document.getText());
    if (prompt === '') {
      void showInformation(vscode.l10n.t('Write what the agent should do, then send it.'));
      return;
    }
    await this.#services.host.client(windowClosing);
    const draft = await this.draftOf(document);
    if (!draft) return;
    const project = this.#services.host.projects.get(draft.projectId);
    const uncommitted = project ? await uncommittedWork(this.#services, project, context) : {};
    if (!uncommitted) return;
    await sendTask(this.#services, { ...draft, ...uncommitted, prompt, context });
    await closeWithoutSaving(document);
    await announceDispatch(this.#services, draft);
  }

  dispose(): void {
    this.#closed.dispose();
    this.#changed.dispose();
  }

  #set(document: vscode.TextDocument, draft: TaskDraft): TaskDraft {
    this.#drafts.set(document.uri.toString(), draft);
    this.#store();
    return draft;
  }

  /** VS Code keeps the text over a reload; who gets it and where it starts are ours to keep. */
  #store(): void {
    void this.#services.context.workspaceState.update(stateKey, [...this.#drafts]);
  }
}

function storedDrafts(stored: unknown): readonly (readonly [string, TaskDraft])[] {
  if (!Array.isArray(stored)) return [];
  return stored.filter(
    (entry: unknown): entry is [string, TaskDraft] =>
      Array.isArray(entry) && typeof entry[0] === 'string' && isDraft(entry[1]),
  );
}

function isDraft(value: unknown): value is TaskDraft {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['projectId', 'agent', 'base', 'key'].every(key => typeof Reflect.get(value, key) === 'string')
  );
}

/** Room for a task, and most of the height for the code that it is about. */
async function openGroupBelow(): Promise<void> {
  const isOnly = vscode.window.tabGroups.all.length === 1;
  await vscode.commands.executeCommand('workbench.action.newGroupBelow');
  if (!isOnly) return;
  const groups = [{ size: 1 - taskShare }, { size: taskShare }];
  await vscode.commands.executeCommand('vscode.setEditorLayout', { orientation: 1, groups });
}

/** Closing an untitled document would ask whether to save it; what was sent needs no file. */
async function closeWithoutSaving(document: vscode.TextDocument): Promise<void> {
  await vscode.window.showTextDocument(document, { preserveFocus: false });
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
}
