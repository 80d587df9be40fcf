import * as vscode from 'vscode';
import type { Services } from '../services.js';
import { fileContext, projectOfFile } from './editorContext.js';

/** A comment that asks for work. The word must be in capitals, as people write it. */
const todo = /(?:\/\/|#|\/\*|<!--|--|;|\*)\s*(?:TODO|FIXME)\b[:\s]*(.*)$/;

/** A task about one line of a file, as a code action hands it to its command. */
export interface ContextTask extends OfferedTask {
  readonly path: string;
  readonly projectId: string | undefined;
}

interface OfferedTask {
  readonly prompt: string;
  readonly line: number;
  /** What the thread is called: the words of the comment or problem, not ours around them. */
  readonly summary: string;
}

export function isContextTask(value: unknown): value is ContextTask {
  return (
    typeof value === 'object' &&
    value !== null &&
    'prompt' in value &&
    typeof value.prompt === 'string' &&
    'path' in value &&
    typeof value.path === 'string' &&
    'line' in value &&
    typeof value.line === 'number' &&
    'summary' in value &&
    typeof value.summary === 'string'
  );
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 200);
}

/** `Dispatch TODO…` on TODO comments and `Dispatch a fix…` on problems. */
export class TaskActions implements vscode.CodeActionProvider {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    if (!vscode.workspace.isTrusted || this.#services.scope.projects().length === 0) return [];
    const file = fileContext(this.#services, document.uri);
    if (!file) return [];
    const projectId = projectOfFile(this.#services, document.uri)?.id;
    const action = (title: string, options: OfferedTask): vscode.CodeAction => {
      const made = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      made.command = {
        title,
        command: 'muster.dispatchWithContext',
        arguments: [{ ...options, path: file.path, projectId } satisfies ContextTask],
      };
      return made;
    };
    const line = range.start.line + 1;
    const [, wanted] = todo.exec(document.lineAt(range.start.line).text) ?? [];
    const actions = diagnostics.slice(0, 1).map(({ message, range: at }) => {
      const prompt = vscode.l10n.t('Fix this problem: {0}', message);
      return action(vscode.l10n.t('Dispatch a fix...'), { prompt, line: at.start.line + 1, summary: oneLine(message) });
    });
    if (wanted === undefined) return actions;
    const what = wanted.replace(/(?:\*\/|-->)\s*$/, '').trim();
    const prompt = vscode.l10n.t('Do what this TODO comment says, then remove the comment. {0}', what).trim();
    return [...actions, action(vscode.l10n.t('Dispatch TODO...'), { prompt, line, summary: oneLine(what) })];
  }
}
