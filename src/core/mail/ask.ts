import { ownValue } from '../../base/ownValue.js';
import { isRecord, numberField, recordsField, textField } from '../../base/unknownFields.js';
import { objectAt, type JsonObject } from '../agents/providers/jsonOutput.js';
import { severities, type Finding } from '../chains/agentVerdict.js';
import { verdicts, type Verdict } from '../../base/verdict.js';

/** What an agent wants of the host, read out of a letter. */
export type Ask =
  | {
      readonly kind: 'verdict';
      readonly verdict: Verdict;
      readonly summary: string;
      readonly findings: readonly Finding[];
    }
  /** A question to a person, with answers to choose from or none. */
  | { readonly kind: 'question'; readonly text: string; readonly options: readonly string[] }
  /** May it use this tool like that? */
  | { readonly kind: 'permission'; readonly tool: string; readonly input: JsonObject }
  /** Code for a kernel of its thread. */
  | CellAsk;

/** Code that a run wants executed in a kernel of its thread. */
export interface CellAsk {
  readonly kind: 'cell';
  readonly code: string;
  /** Whose kernel, by its path in the worktree; missing: the thread's console. */
  readonly notebook: string | undefined;
  /** After which it is interrupted. */
  readonly seconds: number;
}

/** As much of a text as is kept anywhere (`agentEvent.ts`). */
const maxText = 16_384;
const maxFindings = 200;
const maxOptions = 20;
const maxOption = 200;
/** A cell that is longer belongs into a file. */
const maxCode = 256 * 1024;
const usualSeconds = 10 * 60;
const mostSeconds = 24 * 3600;

/** The ask in a letter, or why it is none in words for the agent. */
export function readAsk(body: unknown): Ask | string {
  if (!isRecord(body)) return 'This is not a JSON object.';
  switch (body['kind']) {
    case 'verdict':
      return readVerdictAsk(body);
    case 'question': {
      const text = bounded(textField(body, 'text'), maxText).trim();
      if (text === '') return 'The question is empty.';
      return { kind: 'question', text, options: textsAt(body, 'options').slice(0, maxOptions) };
    }
    case 'permission': {
      const tool = bounded(textField(body, 'tool'), maxOption).trim();
      if (tool === '') return 'No tool is named.';
      return { kind: 'permission', tool, input: objectAt(body, 'input') };
    }
    case 'cell':
      return readCellAsk(body);
    default:
      return 'Muster does not know this kind of letter.';
  }
}

function readCellAsk(body: JsonObject): Ask | string {
  const code = textField(body, 'code');
  if (code.trim() === '') return 'There is no code to execute.';
  if (code.length > maxCode)
    return `The code has more than ${maxCode} characters. Write it into a file and import that.`;
  const named = textField(body, 'notebook').trim();
  const notebook = pathIn(named);
  if (named !== '' && notebook === '') return 'notebook must be a path inside the worktree.';
  const seconds = numberField(body, 'seconds') ?? usualSeconds;
  return {
    kind: 'cell',
    code,
    notebook: notebook === '' ? undefined : notebook,
    seconds: Math.min(Math.max(1, seconds), mostSeconds),
  };
}

function readVerdictAsk(body: JsonObject): Ask | string {
  const verdict = verdicts.find(word => word === body['verdict']);
  if (verdict === undefined) return `verdict must be one of ${verdicts.join(', ')}.`;
  const findings = recordsField(body, 'findings').slice(0, maxFindings).flatMap(readFinding);
  const summary = bounded(textField(body, 'summary'), maxText).trim();
  if (summary === '' && findings.length === 0 && verdict === 'request_changes')
    return 'Say in summary or findings which changes you ask for.';
  return { kind: 'verdict', verdict, summary, findings };
}

function readFinding(found: JsonObject): readonly Finding[] {
  const text = bounded(textField(found, 'text'), maxText).trim();
  if (text === '') return [];
  const line = numberField(found, 'line');
  return [
    {
      file: pathIn(textField(found, 'file')),
      severity: severities.find(word => word === found['severity']) ?? 'major',
      text,
      ...(line !== undefined && Number.isInteger(line) && line > 0 ? { line } : {}),
    },
  ];
}

/** A path inside the workspace; what points elsewhere is left out, because it is only shown. */
function pathIn(path: string): string {
  const plain = path.replace(/^\.\//, '').slice(0, 1024);
  const outside = plain.startsWith('/') || plain.split('/').includes('..') || /[\0\n\r]/.test(plain);
  return outside ? '' : plain;
}

function textsAt(parent: JsonObject, key: string): readonly string[] {
  const value = ownValue(parent, key);
  if (!Array.isArray(value)) return [];
  return value
    .filter(each => typeof each === 'string' && each.trim() !== '')
    .map(each => bounded(String(each), maxOption));
}

function bounded(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
