import { isEmptyEntry, isLeftOut } from './leftOut.js';
import type { ProblemList, SpanFix } from './diagnostic.js';
import { nearest } from './nearest.js';
import { placeOfField, type FieldHome } from './placeOfField.js';
import { refusedText } from './schema/checkText.js';
import type {
  ChoiceShape,
  DictionaryShape,
  ListShape,
  MappingShape,
  NumberShape,
  Shape,
  TextShape,
} from './schema/shape.js';
import type { ComposeNode, MappingEntry, MappingNode, ScalarNode, SequenceNode } from './source/composeNode.js';
import { joinPath } from './source/composeNode.js';
import { appendFieldFix, emptyValueFix, removeEntryFix } from './source/textEdits.js';
import type { Span } from './source/textPosition.js';

/** Where a problem of a whole mapping is shown: the key it belongs to. */
interface Place {
  readonly anchor: Span;
  /** Inside something that is not acted on; said once, at its key. */
  readonly insidePlanned: boolean;
}

/** Checks the tree against the table of fields: everything that can be said about one value alone. */
export class StructureCheck {
  readonly #text: string;
  readonly #problems: ProblemList;
  readonly #extensions: boolean;

  /** `extensions`: fields that begin with `x-` are the author's own, wherever fields have names. */
  constructor(options: { readonly text: string; readonly problems: ProblemList; readonly extensions: boolean }) {
    this.#text = options.text;
    this.#problems = options.problems;
    this.#extensions = options.extensions;
  }

  check(node: ComposeNode, shape: Shape): void {
    this.#check(node, shape, { anchor: { start: node.span.start, end: node.span.start + 1 }, insidePlanned: false });
  }

  #check(node: ComposeNode, shape: Shape, place: Place): void {
    switch (shape.kind) {
      case 'text':
        if (node.kind === 'scalar') this.#scalar(node, shape, place);
        else this.#wrongKind(node, 'expected scalar');
        return;
      case 'bool':
        this.#bool(node);
        return;
      case 'number':
        this.#number(node, shape);
        return;
      case 'mapping':
        if (node.kind === 'mapping') this.#mapping(node, shape, place);
        else this.#wrongKind(node, 'expected mapping');
        return;
      case 'dictionary':
        if (node.kind === 'mapping') this.#dictionary(node, shape, place);
        else this.#wrongKind(node, 'expected mapping');
        return;
      case 'list':
        this.#list(node, shape, place);
        return;
      case 'choice':
        this.#choice(node, shape, place);
        return;
    }
  }

  #choice(node: ComposeNode, shape: ChoiceShape, place: Place): void {
    const chosen = { scalar: shape.scalar, mapping: shape.mapping, sequence: shape.list, alias: undefined }[node.kind];
    if (chosen) {
      this.#check(node, chosen, place);
      return;
    }
    const kinds = [shape.scalar && 'scalar', shape.mapping && 'mapping', shape.list && 'sequence'].filter(
      kind => kind !== undefined,
    );
    const expected = kinds.length === 3 ? 'scalar, mapping, or sequence' : kinds.join(' or ');
    this.#problems.add({
      code: kindCode(node),
      pass: 'parse',
      path: node.path,
      span: node.span,
      text: `expected ${expected}`,
    });
  }

  #list(node: ComposeNode, shape: ListShape, place: Place): void {
    if (node.kind !== 'sequence') {
      this.#wrongKind(node, 'expected sequence');
      return;
    }
    const count = countedItems(node);
    if (shape.max !== undefined && count > shape.max) {
      const text = `at most ${shape.max} ${shape.max === 1 ? 'is' : 'are'} allowed, found ${count}`;
      this.#problems.add({ code: 'compose.invalidValue', pass: 'validate', path: node.path, span: node.span, text });
    }
    for (const item of node.items) {
      this.#check(item, shape.item, { ...place, anchor: { start: item.span.start, end: item.span.start + 1 } });
    }
  }

  #mapping(node: MappingNode, shape: MappingShape, place: Place): void {
    this.#duplicates(node);
    for (const entry of node.entries) {
      const field = entry.keyIsScalar && Object.hasOwn(shape.fields, entry.key) ? shape.fields[entry.key] : undefined;
      if (!field) {
        if (this.#extensions && entry.keyIsScalar && entry.key.startsWith('x-')) continue;
        this.#unknownField(node, entry, shape);
        continue;
      }
      if (isLeftOut(entry, shape)) continue;
      const path = entry.value.path;
      if (field.refused !== undefined) {
        this.#problems.add({
          code: 'compose.invalidValue',
          pass: 'validate',
          path,
          span: entry.keySpan,
          text: field.refused,
        });
      }
      if (field.planned && !place.insidePlanned) this.#planned(path, entry.keySpan, `"${entry.key}"`);
      if (field.spellingOf !== undefined) {
        const title = `Replace "${entry.key}" with "${field.spellingOf}"`;
        this.#problems.add({
          code: 'compose.oldSpelling',
          pass: 'validate',
          severity: 'information',
          path,
          span: entry.keySpan,
          text: `"${entry.key}" is the older spelling of "${field.spellingOf}"`,
          fix: { title, edits: [{ span: entry.keySpan, newText: field.spellingOf }] },
        });
      }
      this.#check(entry.value, field.shape, {
        anchor: entry.keySpan,
        insidePlanned: place.insidePlanned || field.planned,
      });
    }
    this.#required(node, shape, place);
    this.#exactlyOne(node, shape, place);
  }

  #required(node: MappingNode, shape: MappingShape, place: Place): void {
    if (shape.mayBeEmpty && node.entries.length === 0) return;
    for (const [name, field] of Object.entries(shape.fields)) {
      if (!field.required || node.entries.some(entry => entry.key === name)) continue;
      const text = (field.shape.kind === 'text' ? field.shape.emptyText : undefined) ?? `${name} is required`;
      this.#problems.add({
        code: 'compose.missingField',
        pass: 'validate',
        path: joinPath(node.path, name),
        span: place.anchor,
        text,
        fix: appendFieldFix(this.#text, node, { name, value: '' }),
      });
    }
  }

  #exactlyOne(node: MappingNode, shape: MappingShape, place: Place): void {
    const rule = shape.exactlyOne;
    if (!rule) return;
    const found = rule.names.filter(name => node.entries.some(entry => entry.key === name));
    if (found.length === 1) return;
    const text = found.length === 0 ? rule.text : `${rule.text}, got ${found.join(', ')}`;
    this.#problems.add({ code: 'compose.exclusive', pass: 'validate', path: node.path, span: place.anchor, text });
  }

  #dictionary(node: MappingNode, shape: DictionaryShape, place: Place): void {
    this.#duplicates(node);
    const pattern = shape.keyPattern === undefined ? undefined : new RegExp(shape.keyPattern, 'u');
    for (const entry of node.entries) {
      const path = entry.value.path;
      if (!entry.keyIsScalar) {
        this.#problems.add({
          code: 'compose.wrongKind',
          pass: 'parse',
          path,
          span: entry.keySpan,
          text: 'expected scalar as key',
        });
        continue;
      }
      if (pattern && !pattern.test(entry.key)) {
        const text = `${shape.keyName} must match ${shape.keyPattern}`;
        this.#problems.add({ code: 'compose.invalidValue', pass: 'validate', path, span: entry.keySpan, text });
      } else if (entry.key === '') {
        const text = `${shape.keyName} must not be empty`;
        this.#problems.add({ code: 'compose.invalidValue', pass: 'validate', path, span: entry.keySpan, text });
      }
      if (isEmptyEntry(entry.value, shape.value)) continue;
      this.#check(entry.value, shape.value, { anchor: entry.keySpan, insidePlanned: place.insidePlanned });
    }
  }

  #duplicates(node: MappingNode): void {
    const seen = new Set<string>();
    for (const entry of node.entries) {
      if (entry.keyIsScalar && seen.has(entry.key)) {
        this.#problems.add({
          code: 'compose.duplicateField',
          pass: 'parse',
          path: entry.value.path,
          span: entry.keySpan,
          text: 'duplicate field',
          fix: removeEntryFix(this.#text, node, entry, `Remove the second "${entry.key}"`),
        });
      }
      seen.add(entry.key);
    }
  }

  #unknownField(node: MappingNode, entry: MappingEntry, shape: MappingShape): void {
    const missing = Object.keys(shape.fields).filter(name => !node.entries.some(other => other.key === name));
    const home = entry.keyIsScalar ? placeOfField(entry.key, shape) : undefined;
    const isBeside = home?.under === '' && missing.includes(home.name);
    const near = isBeside ? home.name : entry.keyIsScalar ? nearest(entry.key, missing) : undefined;
    const fix: SpanFix | undefined =
      near === undefined
        ? removeEntryFix(this.#text, node, entry, `Remove "${entry.key}"`)
        : { title: `Change to "${near}"`, edits: [{ span: entry.keySpan, newText: near }] };
    this.#problems.add({
      code: 'compose.unknownField',
      pass: 'parse',
      path: entry.value.path,
      span: entry.keySpan,
      text: this.#isOfDockerCompose(entry) ? dockerComposeHint : unknownText(entry.key, near, home),
      fix,
    });
  }

  /** At the top of the file: nothing else tells the two languages apart as surely. */
  #isOfDockerCompose(entry: MappingEntry): boolean {
    return this.#extensions && entry.value.path === 'services';
  }

  #scalar(node: ScalarNode, shape: TextShape, place: Place): void {
    const refused = refusedText(node.isNull ? '' : node.text, shape);
    if (refused !== undefined) {
      const near = shape.closed
        ? nearest(
            node.text,
            (shape.values ?? []).map(value => value.value),
          )
        : undefined;
      this.#problems.add({
        code: node.isNull || node.text === '' ? 'compose.missingField' : 'compose.invalidValue',
        pass: 'validate',
        path: node.path,
        span: node.span.end > node.span.start ? node.span : place.anchor,
        text: refused,
        fix:
          near === undefined
            ? undefined
            : { title: `Change to "${near}"`, edits: [{ span: node.span, newText: near }] },
      });
      return;
    }
    const value = shape.values?.find(candidate => sameValue(candidate.value, node.text.trim(), shape));
    if (!value) return;
    if (value.planned && !place.insidePlanned) this.#planned(node.path, node.span, `"${value.value}"`);
    if (value.spellingOf !== undefined) {
      const title = `Replace "${value.value}" with "${value.spellingOf}"`;
      this.#problems.add({
        code: 'compose.oldSpelling',
        pass: 'validate',
        severity: 'information',
        path: node.path,
        span: node.span,
        text: `"${value.value}" is the older spelling of "${value.spellingOf}"`,
        fix: { title, edits: [{ span: node.span, newText: value.spellingOf }] },
      });
    }
  }

  #bool(node: ComposeNode): void {
    if (node.kind !== 'scalar') {
      this.#wrongKind(node, 'expected bool');
      return;
    }
    if (readBool(node) !== undefined) return;
    const meant = /^(yes|on|true|y)$/i.test(node.text)
      ? 'true'
      : /^(no|off|false|n)$/i.test(node.text)
        ? 'false'
        : undefined;
    this.#problems.add({
      code: 'compose.wrongKind',
      pass: 'parse',
      path: node.path,
      span: node.span,
      text: 'expected bool',
      fix:
        meant === undefined ? undefined : { title: `Change to ${meant}`, edits: [{ span: node.span, newText: meant }] },
    });
  }

  #number(node: ComposeNode, shape: NumberShape): void {
    const expected = shape.integer ? 'expected int' : 'expected number';
    if (node.kind !== 'scalar') {
      this.#wrongKind(node, expected);
      return;
    }
    const value = readNumber(node, shape);
    if (value === undefined) {
      // YAML of 2005 reads `010` as eight, YAML of 2009 as ten.
      const text = /^[-+]?0\d+$/.test(node.text) ? `${expected} without leading zeros` : expected;
      this.#problems.add({ code: 'compose.wrongKind', pass: 'parse', path: node.path, span: node.span, text });
      return;
    }
    const { min, max } = shape;
    if ((min !== undefined && value < min) || (max !== undefined && value > max)) {
      const bounds = max === undefined ? `must be at least ${min}` : `must be between ${min} and ${max}`;
      this.#problems.add({
        code: 'compose.invalidValue',
        pass: 'validate',
        path: node.path,
        span: node.span,
        text: bounds,
      });
    }
  }

  #planned(path: string, span: Span, what: string): void {
    const text = `${what} is accepted and kept, but this version does not act on it yet`;
    this.#problems.add({ code: 'compose.notExecuted', pass: 'validate', severity: 'warning', path, span, text });
  }

  #wrongKind(node: ComposeNode, expected: string): void {
    this.#problems.add({
      code: kindCode(node),
      pass: 'parse',
      path: node.path,
      span: node.span,
      text: `${expected}, got ${node.kind}`,
      fix: emptyValueFix(node, expected),
    });
  }
}

/** Repeated and empty ones do not count. */
function countedItems(node: SequenceNode): number {
  const texts = node.items.map(item => (item.kind === 'scalar' ? item.text.trim() : item.path));
  return new Set(texts.filter(text => text !== '')).size;
}

function kindCode(node: ComposeNode): 'compose.aliasRefused' | 'compose.wrongKind' {
  return node.kind === 'alias' ? 'compose.aliasRefused' : 'compose.wrongKind';
}

export function sameValue(candidate: string, text: string, shape: TextShape): boolean {
  return shape.closed ? candidate === text.toLowerCase() : candidate === text;
}

export function readBool(node: ScalarNode): boolean | undefined {
  if (node.style !== 'plain') return undefined;
  if (/^(true|True|TRUE)$/.test(node.text)) return true;
  return /^(false|False|FALSE)$/.test(node.text) ? false : undefined;
}

export function readNumber(node: ScalarNode, shape: NumberShape): number | undefined {
  if (node.style !== 'plain') return undefined;
  const pattern = shape.integer ? /^[-+]?(0|[1-9]\d{0,14})$/ : /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?$/;
  return pattern.test(node.text) ? Number(node.text) : undefined;
}

function unknownText(key: string, near: string | undefined, home: FieldHome | undefined): string {
  if (near !== undefined) return `unknown field (did you mean "${near}"?)`;
  if (home === undefined || home.under === '') return 'unknown field';
  return home.name === key
    ? `unknown field; "${key}" belongs under "${home.under}"`
    : `unknown field; it is called "${home.name}" and belongs under "${home.under}"`;
}

const dockerComposeHint =
  'unknown field; a file with "services" is one of Docker Compose, which is called compose.yml: agents are described under "agents" here';
