import * as vscode from 'vscode';
import type { GuestKernel } from '../../client/notebooks/guestKernel.js';
import { codeReference } from '../plain/markdown.js';
import { codePointsTo, completionKinds, matchesOf, textOfInspection, utf16Offset } from './kernelWords.js';
import { notebookType } from './notebookFiles.js';

/** The first answer of a Python on a busy machine takes seconds; VS Code gives up by itself when the person types on. */
const patienceMs = 15_000;

/** The kernel of a notebook when one is connected; asking for it starts nothing. */
export type KernelOf = (notebook: vscode.NotebookDocument) => GuestKernel | undefined;

/** What kernels know of the names in their cells: completion and hover, for cells of notebooks whose kernel is connected. */
export function registerKernelAnswers(kernelOf: KernelOf): vscode.Disposable {
  const cells: vscode.DocumentSelector = { notebookType };
  const completing = vscode.languages.registerCompletionItemProvider(
    cells,
    {
      async provideCompletionItems(document, position, token) {
        const answer = await ask(document, kernelOf, token, async (kernel, code) => {
          const offset = document.offsetAt(position);
          return await kernel.complete(code, codePointsTo(code, offset));
        });
        if (answer?.status !== 'ok') return undefined;
        const code = document.getText();
        const range = new vscode.Range(
          document.positionAt(utf16Offset(code, answer.cursor_start)),
          document.positionAt(utf16Offset(code, answer.cursor_end)),
        );
        return matchesOf(answer).map(({ text, kind, detail }) => {
          const item = new vscode.CompletionItem(text, vscode.CompletionItemKind[completionKinds(kind)]);
          item.range = range;
          if (detail !== '') item.detail = detail;
          return item;
        });
      },
    },
    '.',
  );
  const hovering = vscode.languages.registerHoverProvider(cells, {
    async provideHover(document, position, token) {
      const word = document.getWordRangeAtPosition(position);
      if (!word) return undefined;
      const answer = await ask(document, kernelOf, token, async (kernel, code) => {
        return await kernel.inspect(code, codePointsTo(code, document.offsetAt(word.end)));
      });
      if (answer?.status !== 'ok' || !answer.found) return undefined;
      const text = textOfInspection(answer.data);
      return text === '' ? undefined : new vscode.Hover(codeReference(text), word);
    },
  });
  return vscode.Disposable.from(completing, hovering);
}

async function ask<T>(
  document: vscode.TextDocument,
  kernelOf: KernelOf,
  token: vscode.CancellationToken,
  question: (kernel: GuestKernel, code: string) => Promise<T>,
): Promise<T | undefined> {
  const notebook = vscode.workspace.notebookDocuments.find(each =>
    each.getCells().some(cell => cell.document === document),
  );
  const kernel = notebook && kernelOf(notebook);
  // A kernel that is at work answers when it is done; nobody waits for a list that long.
  if (!kernel || kernel.status === 'busy') return undefined;
  const { promise: given, resolve: giveUp } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => giveUp(undefined), patienceMs);
  const cancelled = token.onCancellationRequested(() => giveUp(undefined));
  try {
    // A kernel that goes away meanwhile has no answer.
    return await Promise.race([question(kernel, document.getText()).catch(() => undefined), given]);
  } finally {
    clearTimeout(timer);
    cancelled.dispose();
  }
}
