import { child, entryOf } from '../source/composeNode.js';
import { LineMap } from '../source/textPosition.js';
import { readSource, type ComposeSource } from './composeSource.js';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A script that stands in the file, as it is applied. */
export interface InlineScript {
  readonly agent: string;
  readonly text: string;
}

/** Scripts of the file's agents, in its order. */
export function inlineScripts({ root }: ComposeSource): readonly InlineScript[] {
  const agents = child(root, 'agents');
  if (agents?.kind !== 'mapping') return [];
  return agents.entries.flatMap(({ key, value }) => {
    const script = entryOf(child(value, 'scheduler'), 'script')?.value;
    const text = script?.kind === 'scalar' && !script.isNull ? script.text.trim() : '';
    return text === '' ? [] : [{ agent: key, text }];
  });
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
