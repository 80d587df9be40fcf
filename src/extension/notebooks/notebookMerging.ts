import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { jsonValue } from '../../base/jsonObject.js';
import { fieldOf } from '../../base/unknownFields.js';
import { readForeignFile } from '../../node/foreignFile.js';
import { showInformation } from '../plain/messages.js';
import { idsOf, mergeCells, type MergeCell, type MergedCell } from './cellMerge.js';
import { notebookType } from './notebookFiles.js';

/** VS Code says that a notebook is dirty after it says that it changed. */
const quietMs = 250;
/** VS Code itself opens no larger one. */
const longestFile = 64 * 1024 * 1024;
/** How often the files of notebooks with unsaved changes are looked at. Watching loses what happens while it is being set up. */
const lookMs = 1_000;

interface OpenCell extends MergeCell {
  readonly data: vscode.NotebookCellData;
}

interface OpenNotebook {
  /** The cells as the file had them when the person began to change them. */
  base: readonly OpenCell[];
  /** The file was changed by somebody else since, and the person has changes too. */
  pending: boolean;
  /** When its cells were changed last. */
  changedAt: number;
  /** Of the file that the base was read from. */
  stamp: string;
  settling: NodeJS.Timeout | undefined;
}

export interface NotebookMergingOptions {
  readonly log: Log;
  /** Whether a notebook lies where an agent works. */
  readonly isGuest: (uri: vscode.Uri) => boolean;
  /** Whether a cell of it is being executed: its outputs must find it where it is. */
  readonly isBusy: (notebook: vscode.NotebookDocument) => boolean;
}

/**
 * An agent changes a notebook that a person has open. Without changes of the person VS Code shows the new file; with some it would
 * keep the person's text until the save, which then fails. Here the two are merged cell by cell:
 *
 *     clean ──the person edits──► dirty ──the file changes──► pending ──in front and left alone──► merged (dirty again)
 *       ▲                            │                           │
 *       └────────saved, reverted─────┴───────────────────────────┘
 *
 * VS Code takes the file's new state only by a revert, which works on what is in front; until then the notebook waits.
 */
export class NotebookMerging implements vscode.Disposable {
  readonly #options: NotebookMergingOptions;
  readonly #open = new Map<vscode.NotebookDocument, OpenNotebook>();
  readonly #subscriptions: readonly vscode.Disposable[];
  #merging = false;

  constructor(options: NotebookMergingOptions) {
    this.#options = options;
    const looking = setInterval(() => {
      for (const [notebook, open] of this.#open) if (notebook.isDirty) void this.#look(notebook, open);
    }, lookMs);
    this.#subscriptions = [
      vscode.workspace.onDidOpenNotebookDocument(notebook => this.#watch(notebook)),
      vscode.workspace.onDidCloseNotebookDocument(notebook => this.#forget(notebook)),
      vscode.workspace.onDidSaveNotebookDocument(notebook => this.#settle(notebook)),
      vscode.workspace.onDidChangeNotebookDocument(({ notebook }) => {
        if (this.#merging) return;
        const open = this.#open.get(notebook);
        if (open) open.changedAt = Date.now();
        if (!notebook.isDirty) this.#settleSoon(notebook);
      }),
      vscode.window.onDidChangeActiveNotebookEditor(editor => {
        if (editor) void this.#mergeWhenPossible(editor.notebook);
      }),
      vscode.Disposable.from({ dispose: () => clearInterval(looking) }),
    ];
    for (const notebook of vscode.workspace.notebookDocuments) this.#watch(notebook);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const notebook of this.#open.keys()) this.#forget(notebook);
  }

  #watch(notebook: vscode.NotebookDocument): void {
    const { notebookType: type, uri } = notebook;
    if (type !== notebookType || uri.scheme !== 'file' || this.#open.has(notebook)) return;
    // Of one that an earlier window left unsaved nobody knows the file it began with: then nothing of either side is taken for old.
    const base = notebook.isDirty ? [] : cellsOf(notebook);
    const open: OpenNotebook = { base, pending: false, changedAt: 0, stamp: '', settling: undefined };
    this.#open.set(notebook, open);
    void stampOf(notebook).then(stamp => (open.stamp ||= stamp));
  }

  #forget(notebook: vscode.NotebookDocument): void {
    const open = this.#open.get(notebook);
    this.#open.delete(notebook);
    clearTimeout(open?.settling);
  }

  /** VS Code has read the file anew, or this is the first change of the person, which makes it dirty in a moment. */
  #settleSoon(notebook: vscode.NotebookDocument): void {
    const open = this.#open.get(notebook);
    if (!open) return;
    clearTimeout(open.settling);
    open.settling = setTimeout(() => {
      if (!notebook.isDirty) this.#settle(notebook);
    }, quietMs);
  }

  /** What is shown is what the file has. */
  #settle(notebook: vscode.NotebookDocument): void {
    const open = this.#open.get(notebook);
    if (!open) return;
    open.base = cellsOf(notebook);
    open.pending = false;
    void stampOf(notebook).then(stamp => (open.stamp = stamp));
  }

  /** Without changes of the person VS Code reads the file by itself. */
  async #look(notebook: vscode.NotebookDocument, open: OpenNotebook): Promise<void> {
    if (this.#merging || !this.#options.isGuest(notebook.uri)) return;
    const stamp = await stampOf(notebook);
    if (open.stamp === '' || stamp === '' || !notebook.isDirty || this.#merging) return;
    open.pending ||= stamp !== open.stamp;
    await this.#mergeWhenPossible(notebook);
  }

  async #mergeWhenPossible(notebook: vscode.NotebookDocument): Promise<void> {
    const open = this.#open.get(notebook);
    if (!open?.pending || this.#merging) return;
    // What is typed while VS Code reads the file would go with it.
    if (Date.now() - open.changedAt < lookMs || this.#options.isBusy(notebook)) return;
    this.#merging = true;
    try {
      const stamp = await stampOf(notebook);
      if (!(await isNotebookFile(notebook)) || !(await bringToFront(notebook))) return;
      const ours = cellsOf(notebook);
      const merged = await takeIn(notebook, open.base, ours);
      open.base = merged.theirs;
      // Of before the revert: what was written since is a change again.
      open.stamp = stamp;
      open.pending = false;
      tell(notebook, { before: ours, merged: merged.cells });
    } catch (error) {
      this.#options.log.warn('A notebook could not be merged with its file', { reason: errorMessage(error) });
    } finally {
      this.#merging = false;
    }
  }
}

/** Shows the file with the person's changes in it. If that fails, what the person had is there as a new notebook. */
async function takeIn(
  notebook: vscode.NotebookDocument,
  base: readonly OpenCell[],
  ours: readonly OpenCell[],
): Promise<{ readonly theirs: readonly OpenCell[]; readonly cells: readonly MergedCell<OpenCell>[] }> {
  await vscode.commands.executeCommand('workbench.action.files.revert');
  try {
    const theirs = cellsOf(notebook);
    const cells = mergeCells(base, ours, theirs);
    await replaceCells(notebook, cells);
    return { theirs, cells };
  } catch (error) {
    const kept = new vscode.NotebookData(ours.map(({ data }) => data));
    await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(notebookType, kept));
    throw error;
  }
}

/**
 * A revert takes what is in front, and with it whatever else is selected: so the notebook alone is, or nothing happens. One that is
 * not in front stays there until the person goes to it.
 */
async function bringToFront(notebook: vscode.NotebookDocument): Promise<boolean> {
  const editor = vscode.window.activeNotebookEditor;
  if (editor?.notebook !== notebook || !isFrontTab(notebook)) return false;
  const place = editor.viewColumn === undefined ? {} : { viewColumn: editor.viewColumn };
  await vscode.window.showNotebookDocument(notebook, { ...place, selections: editor.selections });
  return isFrontTab(notebook);
}

function isFrontTab({ uri }: vscode.NotebookDocument): boolean {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputNotebook && input.uri.toString() === uri.toString();
}

/** What is half written, or no notebook at all, is not taken in: its missing cells would count as removed. */
async function isNotebookFile({ uri }: vscode.NotebookDocument): Promise<boolean> {
  const found = await readForeignFile(uri.fsPath, { maxBytes: longestFile });
  if (found.kind !== 'file' || found.truncated) return false;
  return Array.isArray(fieldOf(jsonValue(found.bytes.toString('utf8')), 'cells'));
}

async function replaceCells(notebook: vscode.NotebookDocument, merged: readonly MergedCell<OpenCell>[]): Promise<void> {
  const cells = merged.map(({ cell, conflict }) => (conflict ? asSecond(cell.data) : cell.data));
  const edit = new vscode.WorkspaceEdit();
  const all = new vscode.NotebookRange(0, notebook.cellCount);
  edit.set(notebook.uri, [vscode.NotebookEdit.replaceCells(all, cells)]);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error('VS Code did not apply the edit');
}

/** The other version of the cell above it: a cell of its own, that says what it is. */
function asSecond(data: vscode.NotebookCellData): vscode.NotebookCellData {
  const words = vscode.l10n.t('The file has this in place of the cell above:');
  const isCode = data.kind === vscode.NotebookCellKind.Code;
  const value = isCode ? `# ${words}\n${data.value}` : `*${words}*\n\n${data.value}`;
  const second = new vscode.NotebookCellData(data.kind, value, data.languageId);
  if (data.outputs) second.outputs = data.outputs;
  return second;
}

function tell(
  notebook: vscode.NotebookDocument,
  { before, merged }: { readonly before: readonly OpenCell[]; readonly merged: readonly MergedCell<OpenCell>[] },
): void {
  const had = new Set(before.map(({ id, source }) => `${id}\n${source}`));
  const came = merged.filter(({ cell: { id, source }, conflict }) => !conflict && !had.has(`${id}\n${source}`)).length;
  const conflicts = merged.filter(({ conflict }) => conflict).length;
  const name = basename(notebook.uri.fsPath);
  const parts = [
    vscode.l10n.t('{0} was changed by somebody else while you had unsaved changes; both are in it now.', name),
    came === 0 ? '' : vscode.l10n.t('Cells that came in: {0}.', came),
    conflicts === 0 ? '' : vscode.l10n.t('Cells that both changed, kept twice: {0}.', conflicts),
  ];
  void showInformation(parts.filter(part => part !== '').join(' '));
}

function cellsOf(notebook: vscode.NotebookDocument): readonly OpenCell[] {
  const cells = notebook.getCells();
  const ids = idsOf(
    cells.map(({ metadata, document }) => {
      const id = fieldOf(metadata, 'id');
      return { id: typeof id === 'string' ? id : '', source: document.getText() };
    }),
  );
  return cells.map((cell, index) => {
    const data = new vscode.NotebookCellData(cell.kind, cell.document.getText(), cell.document.languageId);
    data.outputs = [...cell.outputs];
    data.metadata = cell.metadata;
    if (cell.executionSummary) data.executionSummary = cell.executionSummary;
    return { id: ids[index] ?? '', source: data.value, rest: JSON.stringify([outputsOf(cell), cell.metadata]), data };
  });
}

function outputsOf({ outputs }: vscode.NotebookCell): readonly string[] {
  const decoder = new TextDecoder();
  return outputs.flatMap(({ items }) => items.map(({ mime, data }) => `${mime}:${decoder.decode(data)}`));
}

/** Changes with each write; empty when there is no such file. */
async function stampOf({ uri }: vscode.NotebookDocument): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await lstat(uri.fsPath);
    return `${mtimeMs}:${size}:${ino}`;
  } catch {
    return '';
  }
}
