import * as vscode from 'vscode';
import { formatMaker } from '../../protocol/displayFormat.js';
import type { CommandId } from '../manifest/commandTable.js';
import type { Services } from '../services.js';
import { projectTitle } from '../threads/threadTitles.js';
import { listAgents } from './agentChoice.js';
import { fileContext } from './editorContext.js';
import { referenceLine, type TaskContext } from './taskText.js';

/** A list that nobody reads to its end; what is typed narrows it. */
const maximumFiles = 2_000;
const maximumSymbols = 100;
const ignored = '**/{node_modules,.git,dist,out,target}/**';

/** `@` chooses the agent of a task; `#` names a file or a symbol, and attaches it. */
export class TaskCompletions implements vscode.CompletionItemProvider {
  static readonly triggers = ['@', '#'] as const;
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.CompletionList | undefined> {
    const before = document.lineAt(position.line).text.slice(0, position.character);
    const [typed, sign, word = ''] = /(?:^|\s)([@#])([^\s@#]*)$/.exec(before) ?? [];
    if (typed === undefined) return undefined;
    const range = new vscode.Range(position.translate(0, -word.length - 1), position);
    if (sign === '@') return new vscode.CompletionList(await this.#agents(document, range));
    const [files, symbols] = await Promise.all([this.#files(document, range), this.#symbols(document, range, word)]);
    return new vscode.CompletionList([...files, ...symbols], true);
  }

  async #agents(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.CompletionItem[]> {
    const choices = await listAgents(this.#services);
    return choices.map(({ project, agent }, index) => {
      const item = new vscode.CompletionItem(
        {
          label: agent.name,
          description: [projectTitle(project), formatMaker(agent)].filter(part => part !== '').join(' · '),
        },
        vscode.CompletionItemKind.User,
      );
      item.filterText = `@${agent.name}`;
      item.sortText = String(index).padStart(4, '0');
      item.detail = agent.problem === '' ? agent.description || agent.model : agent.problem;
      // It is said above the task who gets it; the text is for them.
      item.insertText = '';
      item.range = range;
      const command: CommandId = 'muster.setTaskAgent';
      const title = vscode.l10n.t('Choose agent');
      item.command = { command, title, arguments: [document.uri, project.id, agent.name] };
      return item;
    });
  }

  async #files(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.CompletionItem[]> {
    const found = await vscode.workspace.findFiles('**/*', ignored, maximumFiles);
    const open = new Set(vscode.workspace.textDocuments.map(({ uri }) => uri.toString()));
    return found.flatMap(uri => {
      const context = fileContext(this.#services, uri);
      if (!context) return [];
      const item = reference({ document, range, context, text: context.path });
      item.kind = vscode.CompletionItemKind.File;
      item.sortText = `${open.has(uri.toString()) ? 0 : 1}${context.path}`;
      return [item];
    });
  }

  async #symbols(document: vscode.TextDocument, range: vscode.Range, word: string): Promise<vscode.CompletionItem[]> {
    if (word === '') return [];
    const found = await vscode.commands.executeCommand<readonly vscode.SymbolInformation[] | undefined>(
      'vscode.executeWorkspaceSymbolProvider',
      word,
    );
    return (found ?? []).slice(0, maximumSymbols).flatMap(({ name, location }) => {
      const file = fileContext(this.#services, location.uri);
      if (!file) return [];
      const context = { ...file, startLine: location.range.start.line + 1, endLine: location.range.end.line + 1 };
      const item = reference({ document, range, context, text: name });
      item.kind = vscode.CompletionItemKind.Reference;
      item.sortText = `2${name}`;
      return [item];
    });
  }
}

interface ReferenceOptions {
  readonly document: vscode.TextDocument;
  readonly range: vscode.Range;
  readonly context: TaskContext;
  /** What stands in the sentence. */
  readonly text: string;
}

/** Puts the name into the sentence and the reference below the task, as attaching by hand does. */
function reference({ document, range, context, text }: ReferenceOptions): vscode.CompletionItem {
  const label = context.startLine === 0 ? text : { label: text, description: context.path };
  const item = new vscode.CompletionItem(label);
  item.filterText = `#${text}`;
  item.insertText = text;
  item.range = range;
  const line = referenceLine(context);
  if (document.getText().split(/\r?\n/).includes(line)) return item;
  const last = document.lineAt(document.lineCount - 1);
  // The line that is typed in must not be touched: the reference goes behind it.
  const separator = last.lineNumber === range.start.line ? '\n\n' : last.isEmptyOrWhitespace ? '' : '\n';
  item.additionalTextEdits = [vscode.TextEdit.insert(last.range.end, `${separator}${line}\n`)];
  return item;
}
