import { fieldOf, numberField, recordField, textField } from '../../base/unknownFields.js';

type State = Readonly<Record<string, unknown>>;

/** Of `jupyter.widget`; a kernel that makes more has gone wrong. */
const mostModels = 10_000;
/** Boxes in boxes. */
const deepest = 8;
const barLength = 30;
const longestText = 4_000;

/** What of a widget is shown where nothing can draw it: the values of its parts, as text. */
export class WidgetModels {
  readonly #states = new Map<string, State>();

  /** What a kernel says of its widgets. True when something that is shown may look different now. */
  say(type: string, content: unknown): boolean {
    const id = textField(content, 'comm_id');
    const state = recordField(fieldOf(content, 'data'), 'state');
    switch (type) {
      case 'comm_open':
        if (textField(content, 'target_name') !== 'jupyter.widget' || id === '' || !state) return false;
        if (this.#states.size >= mostModels) return false;
        this.#states.set(id, state);
        return true;
      case 'comm_msg': {
        const before = this.#states.get(id);
        if (!before || !state) return false;
        this.#states.set(id, { ...before, ...state });
        return true;
      }
      default:
        return false;
    }
  }

  /** Forgets all: the kernel did. */
  clear(): void {
    this.#states.clear();
  }

  /** One widget with its parts; undefined for one that nothing is known of, or that shows nothing. */
  textOf(id: string): string | undefined {
    const text = this.#text(id, 0).slice(0, longestText);
    return text === '' ? undefined : text;
  }

  #text(id: string, depth: number): string {
    const state = this.#states.get(id);
    if (!state || depth > deepest || textField(fieldOf(state, 'layout'), 'display') === 'none') return '';
    const model = textField(state, '_model_name');
    const children = childrenOf(state);
    if (children.length > 0) {
      const parts = children.map(child => this.#text(child, depth + 1)).filter(text => text !== '');
      return parts.join(model.startsWith('HBox') ? ' ' : '\n');
    }
    if (/Progress/.test(model)) return progressText(state);
    if (/^HTML|^Label/.test(model)) return labelled(state, plainText(textField(state, 'value')));
    if (model.startsWith('Button')) return `[${textField(state, 'description')}]`;
    if (/^(?:Checkbox|ToggleButton|Valid)/.test(model)) return labelled(state, state['value'] === true ? '☑' : '☐');
    return valueText(state);
  }
}

function childrenOf(state: State): readonly string[] {
  const children = state['children'];
  if (!Array.isArray(children)) return [];
  return children.flatMap(child => (typeof child === 'string' ? (/^IPY_MODEL_(.+)$/.exec(child)?.[1] ?? []) : []));
}

function progressText(state: State): string {
  const [value, min, max] = [
    numberField(state, 'value') ?? 0,
    numberField(state, 'min') ?? 0,
    numberField(state, 'max') ?? 100,
  ];
  const share = max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 0;
  const filled = Math.round(share * barLength);
  const bar = '█'.repeat(filled) + '░'.repeat(barLength - filled);
  return labelled(state, `${bar} ${Math.round(share * 100)}%`);
}

/** Of a slider, a text box, a choice. */
function valueText(state: State): string {
  const { value, index, _options_labels: labels } = state;
  if (Array.isArray(labels) && typeof index === 'number') return labelled(state, String(labels[index] ?? ''));
  if (typeof value === 'string' || typeof value === 'number') return labelled(state, String(value));
  if (Array.isArray(value)) return labelled(state, value.map(String).join(' – '));
  return '';
}

function labelled(state: State, text: string): string {
  const description = plainText(textField(state, 'description'));
  if (description === '') return text;
  return text === '' ? description : `${description} ${text}`;
}

const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['nbsp', ' '],
  ['#39', "'"],
  ['amp', '&'],
]);

/** Without tags; they draw nothing here. */
function plainText(html: string): string {
  return html
    .replaceAll(/<[^<>]*>/g, '')
    .replaceAll(/&(lt|gt|quot|nbsp|#39|amp);/g, (_, name: string) => entities.get(name) ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
