import * as vscode from 'vscode';
import type { KernelSaying } from '../../client/notebooks/guestKernel.js';
import { textField } from '../../base/unknownFields.js';
import { WidgetViews } from './widgetViews.js';
import { displayItems, displayOutput, errorOutput, streamItem } from './outputItems.js';

/** A loop that prints says hundreds of lines a second; VS Code gets them this often. */
const flushMs = 40;

interface PendingText {
  readonly name: 'stdout' | 'stderr';
  text: string;
}

/** What may be shown anew, of all cells of one notebook. */
export class DisplayedOutputs {
  /** By the id under which they were shown. */
  readonly byId = new Map<string, vscode.NotebookCellOutput[]>();
  readonly widgets = new WidgetViews();

  /** The kernel forgot them. */
  clear(): void {
    this.byId.clear();
    this.widgets.clear();
  }
}

/**
 * Turns what a kernel says about one cell into the cell's outputs, in the order in which it was said. Text is collected for a
 * moment; everything else first lets out what was collected.
 */
export class CellOutputs {
  readonly #execution: vscode.NotebookCellExecution;
  readonly #displayed: DisplayedOutputs;
  /** The text output at the end, to which more of the same kind is added. */
  #last: { readonly name: string; readonly output: vscode.NotebookCellOutput } | undefined;
  #pending: PendingText | undefined;
  #clearWithNext = false;
  #timer: NodeJS.Timeout | undefined;
  #widgetTimer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(execution: vscode.NotebookCellExecution, displayed: DisplayedOutputs) {
    this.#execution = execution;
    this.#displayed = displayed;
  }

  /** An exception was shown. */
  get failed(): boolean {
    return this.#failed;
  }

  say(saying: KernelSaying): void {
    switch (saying.type) {
      case 'execute_input': {
        const count = saying.content['execution_count'];
        if (typeof count === 'number') this.#execution.executionOrder = count;
        return;
      }
      case 'stream':
        return this.#print(saying.content);
      case 'display_data':
      case 'execute_result':
        return this.#show(saying);
      case 'update_display_data':
        return this.#update(saying);
      case 'error':
        this.#failed = true;
        return this.#append(errorOutput(saying));
      case 'clear_output':
        if (saying.content['wait'] === true) this.#clearWithNext = true;
        else this.clear();
        return;
      case 'comm_open':
      case 'comm_msg':
        if (this.#displayed.widgets.say(saying)) this.#widgetTimer ??= setTimeout(() => this.#showWidgets(), flushMs);
        return;
      default:
        return;
    }
  }

  /** Resolves when everything that was said is shown. */
  async settle(): Promise<void> {
    this.#flush();
    this.#showWidgets();
    await this.#work;
  }

  #print(content: KernelSaying['content']): void {
    const name = content['name'] === 'stderr' ? 'stderr' : 'stdout';
    const text = typeof content['text'] === 'string' ? content['text'] : '';
    if (this.#clearWithNext) this.clear();
    if (this.#pending && this.#pending.name !== name) this.#flush();
    if (this.#pending) this.#pending.text += text;
    else this.#pending = { name, text };
    this.#timer ??= setTimeout(() => this.#flush(), flushMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    if (!pending) return;
    const item = streamItem(pending.name, pending.text);
    if (this.#last?.name === pending.name) {
      const { output } = this.#last;
      this.#then(async () => await this.#execution.appendOutputItems(item, output));
      return;
    }
    const output = new vscode.NotebookCellOutput([item], { outputType: 'stream' });
    this.#append(output);
    this.#last = { name: pending.name, output };
  }

  #show(saying: KernelSaying): void {
    const output = displayOutput(saying);
    const { byId, widgets } = this.#displayed;
    widgets.show(saying, output);
    this.#append(output);
    const id = displayId(saying);
    if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), output]);
  }

  #update(saying: KernelSaying): void {
    this.#flush();
    const id = displayId(saying);
    const items = displayItems(saying.content);
    for (const output of (id === undefined ? undefined : this.#displayed.byId.get(id)) ?? [])
      this.#then(async () => await this.#execution.replaceOutputItems(items, output));
  }

  /** Progress says where it is many times a second; it is shown as often as text. */
  #showWidgets(): void {
    clearTimeout(this.#widgetTimer);
    this.#widgetTimer = undefined;
    for (const { output, items } of this.#displayed.widgets.changed())
      this.#then(async () => await this.#execution.replaceOutputItems(items, output));
  }

  #append(output: vscode.NotebookCellOutput): void {
    if (this.#clearWithNext) this.clear();
    this.#flush();
    this.#last = undefined;
    this.#then(async () => await this.#execution.appendOutput(output));
  }

  /** Takes away what is shown. */
  clear(): void {
    this.#clearWithNext = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = undefined;
    this.#last = undefined;
    this.#then(async () => await this.#execution.clearOutput());
  }

  /** One change after the other. What cannot be shown (the cell was deleted) keeps nothing else from being shown. */
  #then(change: () => Promise<void>): void {
    this.#work = this.#work.then(change).catch(() => undefined);
  }
}

function displayId({ content }: KernelSaying): string | undefined {
  const id = textField(content['transient'], 'display_id');
  return id === '' ? undefined : id;
}
