import { isAlias, isMap, isScalar, isSeq, parseDocument, Scalar } from 'yaml';
import type { ComposeNode, MappingEntry } from './composeNode.js';
import { joinPath } from './composeNode.js';
import type { Span } from './textPosition.js';

/** Larger files are refused: nobody writes them, and the editor must stay responsive. */
export const MAX_TEXT_LENGTH = 2 * 1024 * 1024;
/** Far above any real file, far below what would exhaust the stack. */
const MAX_DEPTH = 100;
/** What YAML does not allow in a file: control characters, half characters, and two that are none. */
const CONTROL = /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\p{Surrogate}/u;
/** A broken file can hold one problem per character. */
const MAX_SYNTAX_PROBLEMS = 50;

export interface SyntaxProblem {
  readonly code: 'compose.syntax' | 'compose.tooLarge' | 'compose.tooDeep' | 'compose.moreDocuments';
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly span: Span;
}

export interface YamlReading {
  /** Absent when the text holds no value at all. */
  readonly root?: ComposeNode | undefined;
  readonly problems: readonly SyntaxProblem[];
}

/** Reads YAML (and so JSON) text; never throws; an alias is left to {@link followAliases}. */
export function readYaml(text: string): YamlReading {
  if (text.length > MAX_TEXT_LENGTH) {
    const tooLarge = `the file is too large: ${text.length} characters, at most ${MAX_TEXT_LENGTH} are read`;
    return { problems: [{ code: 'compose.tooLarge', severity: 'error', text: tooLarge, span: { start: 0, end: 1 } }] };
  }
  const document = parseDocument(text, {
    schema: 'failsafe',
    prettyErrors: false,
    uniqueKeys: false,
    merge: false,
    // Anything quieter would not report further documents; nothing is printed.
    logLevel: 'error',
  });
  const problems: SyntaxProblem[] = [];
  for (const error of document.errors.slice(0, MAX_SYNTAX_PROBLEMS)) {
    problems.push(syntaxProblem(error.code, error.message, { start: error.pos[0], end: error.pos[1] }));
  }
  const control = CONTROL.exec(text);
  if (control) {
    const code = (control[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const span = { start: control.index, end: control.index + 1 };
    problems.push(
      syntaxProblem('CONTROL', `character U+${code} is not allowed; inside double quotes write \\u${code}`, span),
    );
  }
  const reader = new TreeReader(problems);
  const contents: unknown = document.contents;
  if (contents === null || (isScalar(contents) && contents.value === '' && isEmptyPlain(contents))) return { problems };
  return { root: reader.node(contents, '', { start: 0, end: text.length }, 0), problems };
}

function syntaxProblem(code: string, message: string, span: Span): SyntaxProblem {
  const end = Math.max(span.end, span.start + 1);
  switch (code) {
    case 'MULTIPLE_DOCS':
      return {
        code: 'compose.moreDocuments',
        severity: 'warning',
        text: 'only the first YAML document is read',
        span: { start: span.start, end },
      };
    case 'RESOURCE_EXHAUSTION':
      return {
        code: 'compose.tooDeep',
        severity: 'error',
        text: 'the file is nested too deeply',
        span: { start: span.start, end },
      };
    default:
      return { code: 'compose.syntax', severity: 'error', text: message, span: { start: span.start, end } };
  }
}

function isEmptyPlain(scalar: Scalar): boolean {
  return scalar.type === undefined || scalar.type === Scalar.PLAIN;
}

class TreeReader {
  /** The last value of each name so far: an alias means the one before it. */
  readonly #anchors = new Map<string, unknown>();
  readonly #problems: SyntaxProblem[];
  #depthReported = false;

  constructor(problems: SyntaxProblem[]) {
    this.#problems = problems;
  }

  node(value: unknown, path: string, around: Span, depth: number): ComposeNode {
    if (depth > MAX_DEPTH) {
      if (!this.#depthReported) {
        this.#depthReported = true;
        const text = `the file is nested too deeply: at most ${MAX_DEPTH} levels are read`;
        this.#problems.push({ code: 'compose.tooDeep', severity: 'error', text, span: around });
      }
      return { kind: 'alias', path, span: around };
    }
    if ((isMap(value) || isSeq(value) || isScalar(value)) && value.anchor !== undefined)
      this.#anchors.set(value.anchor, value);
    if (isMap(value)) {
      const span = spanOf(value.range, around);
      const entries: MappingEntry[] = value.items.map((pair): MappingEntry => {
        const keyIsScalar = isScalar(pair.key);
        const keySpan = spanOf(rangeOf(pair.key), span);
        const key = isScalar(pair.key) ? String(pair.key.value) : '?';
        const valueAround = { start: keySpan.end, end: keySpan.end };
        return { key, keyIsScalar, keySpan, value: this.node(pair.value, joinPath(path, key), valueAround, depth + 1) };
      });
      return { kind: 'mapping', path, span, entries };
    }
    if (isSeq(value)) {
      const span = spanOf(value.range, around);
      const items = value.items.map((item, index) => this.node(item, `${path}[${index}]`, span, depth + 1));
      return { kind: 'sequence', path, span, items };
    }
    if (isAlias(value)) {
      const span = spanOf(value.range, around);
      const anchored = this.#anchors.get(value.source);
      if (anchored === undefined) return { kind: 'alias', path, span };
      return { kind: 'alias', path, span, target: at => this.node(anchored, at, span, depth + 1) };
    }
    if (isScalar(value)) {
      const text = String(value.value);
      const style = styleOf(value);
      const isNull = style === 'plain' && /^(|~|null|Null|NULL)$/.test(text);
      return { kind: 'scalar', path, span: spanOf(value.range, around), text, isNull, style };
    }
    return { kind: 'scalar', path, span: around, text: '', isNull: true, style: 'plain' };
  }
}

function styleOf(scalar: Scalar): 'plain' | 'quoted' | 'block' {
  switch (scalar.type) {
    case Scalar.QUOTE_DOUBLE:
    case Scalar.QUOTE_SINGLE:
      return 'quoted';
    case Scalar.BLOCK_FOLDED:
    case Scalar.BLOCK_LITERAL:
      return 'block';
    default:
      return 'plain';
  }
}

function rangeOf(value: unknown): readonly [number, number, number] | null | undefined {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value.range : undefined;
}

function spanOf(range: readonly [number, number, number] | null | undefined, fallback: Span): Span {
  return range ? { start: range[0], end: range[1] } : fallback;
}
