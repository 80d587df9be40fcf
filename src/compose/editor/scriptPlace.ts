import { child, entryOf } from '../source/composeNode.js';
import { LineMap } from '../source/textPosition.js';
import { readSource } from './composeSource.js';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Where in the file a line and column of an agent's inline script is, all of them from 1. In a script that is not a literal
 * block (`|`) lines are not what they are in the file: there it is the beginning of the script.
 */
export function scriptPlace(text: string, agent: string, { line, column }: Place): Place {
  const entry = entryOf(child(child(child(readSource(text).root, 'agents'), agent), 'scheduler'), 'script');
  if (!entry) return { line: 1, column: 1 };
  const { value } = entry;
  const begin = new LineMap(text).position(value.span.start);
  if (value.kind !== 'scalar' || text[value.span.start] !== '|') return { line: begin.line, column: begin.column };
  // What stands before the first word of the script does not belong to it.
  const [before = ''] = /^\s*/.exec(value.text) ?? [];
  const first = begin.line + 1 + (before.split('\n').length - 1);
  const written = text.split(/\r\n|\n|\r/)[first - 1] ?? '';
  const indent = written.length - written.trimStart().length;
  return { line: first + line - 1, column: indent + column };
}
