import type { TranscriptItem } from './gen/muster/v1/runs_pb.js';

/** What an agent said, as it said it: without its tool calls, and without the last words that some CLIs say twice. */
export class AgentText {
  #said = '';

  /** The text to write for an entry, with its line break; empty for one that says nothing. */
  take({ item }: TranscriptItem): string {
    switch (item.case) {
      case 'text':
      case 'raw':
        this.#said = item.value.text.trim();
        return withLineBreak(item.value.text);
      case 'result':
        return item.value.text.trim() === this.#said ? '' : withLineBreak(item.value.text);
      default:
        return '';
    }
  }
}

function withLineBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** The last lines of a text; all of it without a number. */
export function lastLines(text: string, count: number | undefined): string {
  if (count === undefined) return text;
  const lines = text.replace(/\n$/, '').split('\n');
  return count === 0 || text === '' ? '' : `${lines.slice(-count).join('\n')}\n`;
}
