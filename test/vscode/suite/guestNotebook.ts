import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TestAccess } from '../../../src/extension/main.js';
import { dispatch, provideCrew, whenStatus } from './crew.js';
import { until, type TestContext } from './registry.js';

/** A server and a kernel are started for each test; on a busy machine that takes a while. */
export const slow = { timeoutMs: 150_000 };

export interface Opened {
  readonly access: TestAccess;
  readonly threadId: string;
  readonly notebook: vscode.NotebookDocument;
  /** Executes a cell and waits for its end. */
  readonly run: (index: number) => Promise<vscode.NotebookCell>;
}

/** A thread's notebook with these cells, opened as a person opens it, on the guest's kernel. */
export async function openGuest({ signal, after }: TestContext, sources: readonly string[]): Promise<Opened> {
  const access = await provideCrew(signal);
  const threadId = await dispatch(access, 'writer', 'Analyse the numbers');
  const { worktree } = await whenStatus(access, threadId, 'ready', signal);
  const file = join(worktree, 'analysis', 'numbers.ipynb');
  await mkdir(join(worktree, 'analysis'), { recursive: true });
  const cells = sources.map((source, n) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${n}`,
    metadata: {},
    outputs: [],
    source: [source],
  }));
  await writeFile(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const picks = answerPicks(/Which notebook/, 'analysis/numbers.ipynb');
  after(async () => {
    picks.restore();
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('muster.stopNotebookServer', threadId);
  });
  await vscode.commands.executeCommand('muster.openGuestNotebook', threadId);
  const notebook = vscode.window.activeNotebookEditor?.notebook;
  assert.ok(notebook, 'the notebook is in front');
  assert.equal(notebook.uri.fsPath, file);
  const run = async (index: number): Promise<vscode.NotebookCell> => {
    const cell = notebook.cellAt(index);
    await vscode.commands.executeCommand('notebook.cell.execute', { ranges: [{ start: index, end: index + 1 }] });
    await until(`cell ${index} has ended`, () => cell.executionSummary?.success !== undefined, signal);
    return cell;
  };
  return { access, threadId, notebook, run };
}

/** Answers quick picks whose placeholder matches with the row of that label. */
function answerPicks(matching: RegExp, label: string): { restore(): void } {
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showQuickPick');
  Reflect.set(
    window,
    'showQuickPick',
    async (rows: readonly vscode.QuickPickItem[], options?: vscode.QuickPickOptions) =>
      matching.test(options?.placeHolder ?? '') ? rows.find(row => row.label === label) : undefined,
  );
  return { restore: () => void Reflect.set(window, 'showQuickPick', original) };
}

export function answerInput(answer: string | undefined): { readonly prompts: string[]; restore(): void } {
  const { window } = vscode;
  const original: unknown = Reflect.get(window, 'showInputBox');
  const prompts: string[] = [];
  Reflect.set(window, 'showInputBox', async (options?: vscode.InputBoxOptions) => {
    prompts.push(options?.prompt ?? '');
    return answer;
  });
  return { prompts, restore: () => void Reflect.set(window, 'showInputBox', original) };
}

/** The outputs of a cell by kind. */
export function outputs(cell: vscode.NotebookCell): readonly { readonly mime: string; readonly text: string }[] {
  return cell.outputs.flatMap(({ items }) =>
    items.map(({ mime, data }) => ({ mime, text: Buffer.from(data).toString('utf8') })),
  );
}

/** What a cell printed, as one text. */
export function stdout(cell: vscode.NotebookCell): string {
  return outputs(cell)
    .filter(({ mime }) => mime === 'application/vnd.code.notebook.stdout')
    .map(({ text }) => text)
    .join('');
}
