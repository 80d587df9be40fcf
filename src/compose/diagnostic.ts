import type { LineMap, Span, TextRange } from './source/textPosition.js';

/** What is wrong, for code that reacts to it. Never recognise a problem by its text. */
export type ComposeCode =
  /** An alias where the file’s readers would not follow it. */
  | 'compose.aliasRefused'
  /** The same key twice in a mapping. */
  | 'compose.duplicateField'
  /** Two things with one name. */
  | 'compose.duplicateName'
  /** There is nothing in the file. */
  | 'compose.empty'
  /** Two fields of which only one may be there. */
  | 'compose.exclusive'
  /** A value that the field does not take. */
  | 'compose.invalidValue'
  /** A field that must be there is not. */
  | 'compose.missingField'
  /** A variable that is not set where it is needed. */
  | 'compose.missingVariable'
  /** A second YAML document, which nobody reads. */
  | 'compose.moreDocuments'
  /** It is understood, and this version does nothing with it. */
  | 'compose.notExecuted'
  /** A word of an older dialect; the present one is named. */
  | 'compose.oldSpelling'
  /** A secret stands in the file itself. */
  | 'compose.secretInFile'
  /** Allowed, and hardly what is meant. */
  | 'compose.suspicious'
  /** It is no YAML, or no text. */
  | 'compose.syntax'
  /** Nested further than anybody writes. */
  | 'compose.tooDeep'
  /** Longer than what is read. */
  | 'compose.tooLarge'
  /** It names something that the file does not define. */
  | 'compose.undefinedName'
  /** No dialect has this field here. */
  | 'compose.unknownField'
  /** Neither built in nor defined in the file. */
  | 'compose.unknownProvider'
  /** An argument that takes the agent’s limits away. */
  | 'compose.weakensPermissions'
  /** A budget for calls of models that nobody can count and stop. */
  | 'compose.budgetNotKept'
  /** A mapping, list or text where another kind belongs. */
  | 'compose.wrongKind';

/** `error`: the file is not applied; `warning`: it is, and this is probably not meant; `information`: worth knowing. */
export type ComposeSeverity = 'error' | 'warning' | 'information';

export interface ComposeEdit {
  readonly range: TextRange;
  readonly newText: string;
}

/** One change that solves the problem; edits do not overlap. */
export interface ComposeFix {
  readonly title: string;
  readonly edits: readonly ComposeEdit[];
}

/** A problem of a compose file. Lines and columns are 1-based, offsets 0-based (UTF-16 units). */
export interface ComposeDiagnostic {
  readonly code: ComposeCode;
  readonly severity: ComposeSeverity;
  /** Dotted field path with list indices, `agents.dev.scheduler.triggers[0].cron`; empty for the whole file. */
  readonly path: string;
  /** Complete sentence for a terminal: `[FILE: ]validate compose field PATH: …`. */
  readonly message: string;
  /** The last part of `message`, for places that show path and position themselves. */
  readonly detail: string;
  readonly range: TextRange;
  readonly fix?: ComposeFix | undefined;
}

export interface SpanFix {
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly newText: string }[];
}

export interface Problem {
  readonly code: ComposeCode;
  /** Which of the two passes found it; decides the form of the message. */
  readonly pass: 'parse' | 'validate';
  readonly severity?: ComposeSeverity;
  readonly path: string;
  readonly span: Span;
  readonly text: string;
  readonly fix?: SpanFix | undefined;
}

/** Collects problems in any order; each is kept once. */
export class ProblemList {
  readonly #found = new Map<string, Problem>();

  add(problem: Problem): void {
    const key = `${problem.code}\n${problem.span.start}\n${problem.path}\n${problem.text}`;
    if (!this.#found.has(key)) this.#found.set(key, problem);
  }

  get hasErrors(): boolean {
    for (const problem of this.#found.values()) if ((problem.severity ?? 'error') === 'error') return true;
    return false;
  }

  /** In file order. */
  diagnostics(lines: LineMap, file: string | undefined): readonly ComposeDiagnostic[] {
    const sorted = [...this.#found.values()].sort((a, b) => a.span.start - b.span.start);
    return sorted.map(problem => toDiagnostic(problem, lines, file));
  }
}

function toDiagnostic(problem: Problem, lines: LineMap, file: string | undefined): ComposeDiagnostic {
  const range = lines.range(problem.span);
  const prefix = file === undefined ? '' : `${file}: `;
  const fix = problem.fix && {
    title: problem.fix.title,
    edits: problem.fix.edits.map(edit => ({ range: lines.range(edit.span), newText: edit.newText })),
  };
  return {
    code: problem.code,
    severity: problem.severity ?? 'error',
    path: problem.path,
    message: `${prefix}${heading(problem, range)}: ${problem.text}`,
    detail: problem.text,
    range,
    fix,
  };
}

function heading(problem: Problem, range: TextRange): string {
  if (problem.pass === 'validate') {
    return problem.path === '' ? 'validate compose' : `validate compose field ${problem.path}`;
  }
  const { line, column } = range.start;
  if (problem.path !== '') return `parse compose field ${problem.path} at line ${line}, column ${column}`;
  return problem.code === 'compose.empty' ? 'parse compose' : `parse compose: line ${line}, column ${column}`;
}
