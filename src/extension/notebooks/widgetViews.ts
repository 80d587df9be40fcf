import * as vscode from 'vscode';
import { fieldOf, textField } from '../../base/unknownFields.js';
import type { KernelSaying } from '../../client/notebooks/guestKernel.js';
import { WidgetModels } from './widgetModels.js';

const viewType = 'application/vnd.jupyter.widget-view+json';

interface View {
  readonly model: string;
  readonly output: vscode.NotebookCellOutput;
  /** What is shown besides its text. */
  readonly items: readonly vscode.NotebookCellOutputItem[];
  text: string;
}

/** Widgets that cells of a notebook have shown. Nothing here draws them; their text is kept up to date. */
export class WidgetViews {
  readonly #models = new WidgetModels();
  readonly #views: View[] = [];

  /** What a kernel says of its widgets; true when views may have to be shown anew. */
  say({ type, content }: KernelSaying): boolean {
    return this.#models.say(type, content) && this.#views.length > 0;
  }

  /** The forms of a result, with the text of the widget that it shows, if it is one. */
  show(saying: KernelSaying, output: vscode.NotebookCellOutput): void {
    const model = textField(fieldOf(fieldOf(saying.content, 'data'), viewType), 'model_id');
    if (model === '') return;
    const items = output.items.filter(({ mime }) => mime !== 'text/plain');
    const text = this.#models.textOf(model) ?? textField(fieldOf(saying.content, 'data'), 'text/plain');
    output.items = withText(items, text);
    this.#views.push({ model, output, items, text });
  }

  /** Views whose text is another one by now, each with what to show. */
  changed(): readonly {
    readonly output: vscode.NotebookCellOutput;
    readonly items: vscode.NotebookCellOutputItem[];
  }[] {
    return this.#views.flatMap(view => {
      const text = this.#models.textOf(view.model) ?? view.text;
      if (text === view.text) return [];
      view.text = text;
      return [{ output: view.output, items: withText(view.items, text) }];
    });
  }

  /** Forgets all: the kernel did. */
  clear(): void {
    this.#models.clear();
    this.#views.length = 0;
  }
}

/** Text that is no Markdown and no HTML. */
function withText(items: readonly vscode.NotebookCellOutputItem[], text: string): vscode.NotebookCellOutputItem[] {
  return [...items, vscode.NotebookCellOutputItem.text(text, 'text/plain')];
}
