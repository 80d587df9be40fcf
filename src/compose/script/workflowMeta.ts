import type { WorkflowMeta } from '../projectSpec.js';

/** Why the first statement of a workflow cannot be read; lines and columns from 1. */
export interface WorkflowFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export type WorkflowReading =
  | { readonly kind: 'script' }
  | { readonly kind: 'workflow'; readonly meta: WorkflowMeta }
  | { readonly kind: 'fault'; readonly fault: WorkflowFault };

/** White space and comments before the first statement. */
const beginning = /^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/;
const opening = /^export\s+const\s+meta\s*=\s*/;

/**
 * A script whose first statement is `export const meta = {…}` is a workflow. That literal is read, never evaluated: what it says
 * must be known before anything of the script runs.
 */
export function readWorkflow(text: string): WorkflowReading {
  const [before = ''] = beginning.exec(text) ?? [];
  const found = opening.exec(text.slice(before.length));
  if (!found) return { kind: 'script' };
  const reader = new LiteralReader(text, before.length + found[0].length);
  try {
    const value = reader.value();
    return { kind: 'workflow', meta: metaOf(value) };
  } catch (error) {
    if (!(error instanceof LiteralProblem)) throw error;
    return { kind: 'fault', fault: { message: `meta: ${error.message}`, ...placeOf(text, reader.offset) } };
  }
}

/** What the literal is wrong about; where, the reader knows. */
class LiteralProblem extends Error {}

type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
]);

/** JavaScript's objects, lists, texts without placeholders, numbers and words; no names, no calls, no operators. */
class LiteralReader {
  readonly #text: string;
  offset: number;

  constructor(text: string, offset: number) {
    this.#text = text;
    this.offset = offset;
  }

  value(): Literal {
    this.#skip();
    const next = this.#text[this.offset];
    if (next === '{') return this.#object();
    if (next === '[') return this.#list();
    if (next === '"' || next === "'" || next === '`') return this.#string(next);
    const [word] = this.#match(/-?[\w.]+/y) ?? [];
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    const number = word === undefined ? NaN : Number(word.replaceAll('_', ''));
    if (Number.isFinite(number)) return number;
    this.offset -= word?.length ?? 0;
    throw new LiteralProblem('only texts, numbers, true, false, null, lists and objects of them may stand here');
  }

  #object(): ReadonlyMap<string, Literal> {
    const entries = new Map<string, Literal>();
    this.#items('{', '}', () => {
      const quote = this.#text[this.offset];
      const isQuoted = quote === '"' || quote === "'";
      const key = isQuoted ? this.#string(quote) : this.#match(/[A-Za-z_$][\w$]*/y)?.[0];
      if (key === undefined) throw new LiteralProblem('a name is missing');
      this.#expect(':');
      entries.set(key, this.value());
    });
    return entries;
  }

  #list(): readonly Literal[] {
    const values: Literal[] = [];
    this.#items('[', ']', () => values.push(this.value()));
    return values;
  }

  /** What stands between two brackets, with commas between, also after the last one. */
  #items(open: string, close: string, item: () => void): void {
    this.#expect(open);
    for (;;) {
      this.#skip();
      if (this.#take(close)) return;
      item();
      this.#skip();
      if (this.#take(close)) return;
      this.#expect(',');
    }
  }

  #string(quote: string): string {
    this.offset++;
    let read = '';
    for (;;) {
      const next = this.#text[this.offset];
      const isEnd = next === undefined || (next === '\n' && quote !== '`');
      if (isEnd || (quote === '`' && this.#text.startsWith('${', this.offset)))
        throw new LiteralProblem(isEnd ? 'the text has no end' : 'a text must not be put together here');
      this.offset++;
      if (next === quote) return read;
      read += next === '\\' ? this.#escaped() : next;
    }
  }

  #escaped(): string {
    const [all, hex] = this.#match(/(?:u([0-9A-Fa-f]{4})|[\s\S])/y) ?? [''];
    return hex === undefined ? (escapes.get(all) ?? all) : String.fromCharCode(Number.parseInt(hex, 16));
  }

  #skip(): void {
    this.#match(/(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y);
  }

  #expect(mark: string): void {
    this.#skip();
    if (!this.#take(mark)) throw new LiteralProblem(`"${mark}" is missing`);
  }

  #take(mark: string): boolean {
    if (this.#text[this.offset] !== mark) return false;
    this.offset++;
    return true;
  }

  /** `pattern` is sticky. */
  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.#text);
    this.offset += found?.[0].length ?? 0;
    return found;
  }
}

function metaOf(value: Literal): WorkflowMeta {
  if (!(value instanceof Map)) throw new LiteralProblem('it must be an object');
  const fields: ReadonlyMap<string, Literal> = value;
  const text = (name: string): string => {
    const found = fields.get(name);
    if (typeof found === 'string' && found.trim() !== '') return found;
    throw new LiteralProblem(`${name} must be a text`);
  };
  const budget = fields.get('budget');
  if (budget !== undefined && !(typeof budget === 'number' && budget > 0))
    throw new LiteralProblem('budget must be a number of tokens');
  // For whoever reads the file.
  if (fields.has('whenToUse')) text('whenToUse');
  if (fields.has('phases')) checkPhases(fields.get('phases'));
  return { name: text('name'), description: text('description'), budget };
}

/** Each a title, or an object that has one. */
function checkPhases(value: Literal | undefined): void {
  const items: readonly Literal[] = Array.isArray(value) ? value : [value ?? null];
  for (const item of items) {
    const title = item instanceof Map ? item.get('title') : item;
    if (typeof title !== 'string' || title === '')
      throw new LiteralProblem('phases must be a list of titles, or of objects that have one');
  }
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
