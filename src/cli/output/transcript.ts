import { formatCost, formatDuration, formatTokens, sumKnown } from '../../protocol/displayFormat.js';
import type { Run, TestRun, TranscriptItem } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { Message } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { Printer } from './printer.js';
import { oneLine, printable } from './terminalText.js';
import { truncate } from './table.js';

/** A task may be a megabyte; its beginning says which one it was. */
const maximumBodyLines = 40;
/** One line for a call, also where no terminal gives a width. */
const maximumLine = 160;

/** Where a conversation goes, in its order. */
export interface ConversationSink {
  message(message: Message): void;
  runStarted(run: Run): void;
  item(item: TranscriptItem, run: Run): void;
  runEnded(run: Run): void;
}

/** Prints a conversation: who speaks, what they say, one line for each tool call. */
export class TranscriptPrinter implements ConversationSink {
  readonly #out: Printer;
  /** What was said last, because some CLIs say their last words again as their result. */
  #said = '';

  constructor(out: Printer) {
    this.#out = out;
  }

  message({ from, to, body }: Message): void {
    const { style } = this.#out;
    this.#out.line(`${style.bold(oneLine(from))} ${style.dim(`→ ${oneLine(to)}`)}`);
    const lines = printable(body).trimEnd().split('\n');
    for (const line of lines.slice(0, maximumBodyLines)) this.#out.line(`  ${line}`);
    if (lines.length > maximumBodyLines) this.#out.line(style.dim(`  … ${lines.length - maximumBodyLines} more lines`));
    this.#out.line();
  }

  runStarted(run: Run): void {
    const { style } = this.#out;
    const about = [run.provider, run.model, `run ${run.id.slice(0, 8)}`].filter(Boolean).map(oneLine).join(' · ');
    this.#out.line(`${style.bold(oneLine(run.agent))} ${style.dim(about)}`);
    this.#said = '';
  }

  item({ item }: TranscriptItem): void {
    const { style } = this.#out;
    switch (item.case) {
      case 'text':
        this.#say(item.value.text);
        break;
      case 'result':
        if (item.value.text.trim() !== this.#said) this.#say(item.value.text);
        break;
      case 'thinking':
        this.#line(style.dim, `~ ${oneLine(item.value.text)}`);
        break;
      case 'toolCall':
        this.#line(style.accent, `· ${oneLine(item.value.category)} ${oneLine(item.value.title || item.value.tool)}`);
        break;
      case 'toolResult':
        if (!item.value.ok) this.#line(style.bad, `  ✗ ${describeFailure(item.value)}`);
        break;
      case 'error':
        this.#line(style.bad, `✗ ${oneLine(item.value.message)}`);
        break;
      case 'raw':
        this.#line(style.dim, printable(item.value.text).trimEnd());
        break;
      case 'usage':
      case undefined:
        break;
    }
  }

  runEnded(run: Run): void {
    const { style } = this.#out;
    const took = run.startedAt > 0n && run.endedAt > 0n ? formatDuration(Number(run.endedAt - run.startedAt)) : '';
    const tokens = formatTokens(sumKnown(asNumber(run.inputTokens), asNumber(run.outputTokens)));
    const facts = [run.status.replace('_', ' '), took, formatCost(run.costUsd), tokens && `${tokens} tokens`, way(run)];
    const paint = run.status === 'succeeded' ? style.good : style.bad;
    for (const test of run.tests) this.#line(style.dim, testText(test));
    if (run.error) this.#line(style.bad, `✗ ${oneLine(run.error.message)}`);
    this.#out.line(`  ${paint(facts.filter(Boolean).join(' · '))}`);
    this.#out.line();
  }

  #say(text: string): void {
    this.#said = text.trim();
    for (const line of printable(text).trim().split('\n')) this.#out.line(`  ${line}`.trimEnd());
  }

  #line(paint: (text: string) => string, text: string): void {
    this.#out.line(`  ${paint(truncate(text, (this.#out.width ?? maximumLine + 2) - 2))}`);
  }
}

/** What the CLI of the agent told: nobody has verified it. */
function testText({ command, result, exitCode, beforeEdits }: TestRun): string {
  const outcome =
    result === 'unknown' ? 'result unknown' : exitCode === undefined ? result : `${result} (exit code ${exitCode})`;
  return `tests: ${oneLine(command)}: ${outcome}${beforeEdits ? ', before its last edits' : ''}`;
}

/** Which way its models were reached, where that is not what its CLI does by itself. */
function way({ modelsVia }: Run): string {
  return modelsVia === '' || modelsVia === 'own' ? '' : `models through the host (${oneLine(modelsVia)})`;
}

function describeFailure({
  output,
  exitCode,
}: {
  readonly output: string;
  readonly exitCode?: number | undefined;
}): string {
  const said = oneLine(output.trim().split('\n').at(-1) ?? '');
  if (exitCode === undefined) return said || 'failed';
  return said === '' ? `exit ${exitCode}` : `exit ${exitCode}: ${said}`;
}

function asNumber(count: bigint | undefined): number | undefined {
  return count === undefined ? undefined : Number(count);
}
