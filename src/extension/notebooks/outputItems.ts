import * as vscode from 'vscode';
import type { KernelSaying } from '../../client/notebooks/guestKernel.js';
import { recordField } from '../../base/unknownFields.js';

/** What the notebook file calls the kinds of outputs; VS Code's serializer writes it back from here. */
export type OutputType = 'stream' | 'display_data' | 'execute_result' | 'error';

/** A result in every form that the kernel gave; VS Code shows the richest that it can. */
export function displayOutput({ type, content, metadata }: KernelSaying): vscode.NotebookCellOutput {
  const outputType: OutputType = type === 'execute_result' ? 'execute_result' : 'display_data';
  const transient = recordField(content, 'transient');
  const count = content['execution_count'];
  return new vscode.NotebookCellOutput(displayItems(content), {
    outputType,
    metadata: recordField(content, 'metadata') ?? metadata,
    ...(transient === undefined ? {} : { transient }),
    ...(typeof count === 'number' ? { executionCount: count } : {}),
  });
}

/** The forms of a result, richest first. */
export function displayItems(content: KernelSaying['content']): vscode.NotebookCellOutputItem[] {
  const data = recordField(content, 'data') ?? {};
  return Object.entries(data)
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([mime, value]) => displayItem(mime, value));
}

export function errorOutput({ content }: KernelSaying): vscode.NotebookCellOutput {
  const name = text(content['ename']);
  const message = text(content['evalue']);
  const lines = Array.isArray(content['traceback']) ? content['traceback'].map(text) : [];
  return new vscode.NotebookCellOutput(
    [vscode.NotebookCellOutputItem.error({ name, message, stack: lines.join('\n') })],
    { outputType: 'error' satisfies OutputType, originalError: { ename: name, evalue: message, traceback: lines } },
  );
}

/** One piece of what a cell printed. */
export function streamItem(name: 'stdout' | 'stderr', value: string): vscode.NotebookCellOutputItem {
  return name === 'stderr' ? vscode.NotebookCellOutputItem.stderr(value) : vscode.NotebookCellOutputItem.stdout(value);
}

/** Bytes come as base64, structures as JSON, everything else as text. Of a text in lines the file has a list. */
function displayItem(mime: string, value: unknown): vscode.NotebookCellOutputItem {
  const { NotebookCellOutputItem: Item } = vscode;
  if (typeof value !== 'string') {
    const isLines = Array.isArray(value) && value.every(line => typeof line === 'string');
    return isLines ? Item.text(value.join(''), mime) : Item.json(value, mime);
  }
  const isBytes = /^(?:image|audio|video)\//.test(mime) && mime !== 'image/svg+xml';
  return isBytes || mime === 'application/pdf' ? new Item(Buffer.from(value, 'base64'), mime) : Item.text(value, mime);
}

function rank(mime: string): number {
  const order = [/^application\/vnd\./, /^text\/html$/, /^image\//, /^text\/markdown$/, /^application\//, /^text\//];
  const place = order.findIndex(pattern => pattern.test(mime));
  if (mime === 'text/plain') return order.length + 1;
  return place === -1 ? order.length : place;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
