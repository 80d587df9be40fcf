import type { LineMap, Span, TextRange } from './source/textPosition.js';

/** What is wrong, for code that reacts to it. Never recognise a problem by its text. */
export type ComposeCode =
  | 'compose.aliasRefused'
  | 'compose.duplicateField'
  | 'compose.duplicateName'
  | 'compose.empty'
  | 'compose.exclusive'
  | 'compose.invalidValue'
  | 'compose.missingField'
  | 'compose.missingVariable'
  | 'compose.moreDocuments'
  | 'compose.notExecuted'
  | 'compose.oldSpelling'
  | 'compose.secretInFile'
  | 'compose.suspicious'
  | 'compose.syntax'
  | 'compose.tooDeep'
  | 'compose.tooLarge'
  | 'compose.undefinedName'
  | 'compose.unknownField'
  | 'compose.unknownProvider'
  | 'compose.weakensPermissions'
  | 'compose.wrongKind';

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
