import type { JsonObject } from '../agents/providers/jsonOutput.js';
import type { Ask } from '../mail/ask.js';
import { textField } from '../../base/unknownFields.js';
import type { Question } from './question.js';

/** One line. */
const maxTitle = 200;
/** As much of a text as is kept anywhere (`agentEvent.ts`). */
const maxDetail = 16_384;

type Words = Pick<Question, 'kind' | 'title' | 'detail' | 'options' | 'rule'>;

/** The words of a question, as a person reads them. */
export function questionWords(ask: Extract<Ask, { kind: 'question' | 'permission' }>): Words {
  if (ask.kind === 'question') {
    const { text, options } = ask;
    return { kind: 'text', title: oneLine(text), detail: text, options, rule: '' };
  }
  const { tool, input } = ask;
  const subject = subjectOf(input);
  return {
    kind: 'permission',
    title: oneLine(subject === '' ? `Use ${tool}` : `${tool}: ${subject}`),
    detail: `${tool}\n${JSON.stringify(input, undefined, 2)}`.slice(0, maxDetail),
    options: [],
    rule: ruleOf(tool, input),
  };
}

/**
 * What *always* stands for: the same command exactly, where there is one; else the tool whatever its input. Nothing for input
 * that is too long to be compared.
 */
function ruleOf(tool: string, input: JsonObject): string {
  const command = textField(input, 'command');
  if (command === '') return tool;
  return command.length > maxDetail ? '' : `${tool}(${command})`;
}

/** The input field that says most about a call, the most telling first. */
const telling = ['command', 'file_path', 'path', 'url', 'query', 'pattern', 'description'];

function subjectOf(input: JsonObject): string {
  return telling.map(key => textField(input, key)).find(text => text !== '') ?? '';
}

function oneLine(text: string): string {
  const line = text
    .slice(0, maxTitle * 4)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= maxTitle ? line : `${line.slice(0, maxTitle - 1)}…`;
}
