import type { MessageView, RunView } from '../../src/protocol/webview/threadView.js';
import { RowList, type RowPart } from '../shared/rowList.js';
import { Transcript } from './transcript.js';
import type { TranscriptRow } from './transcriptRows.js';

/** One line or block of the conversation. `key` stays the same as long as the row means the same. */
export type ConversationRow = { readonly key: string; readonly estimate: number } & (
  | {
      readonly kind: 'message';
      readonly author: string;
      readonly isPerson: boolean;
      /** Was typed, or put together from what others said: shown as it is. Only an agent's answer is Markdown. */
      readonly asTyped: boolean;
      readonly body: string;
      readonly at: number;
    }
  /** `author` is empty where the row above is by the same one. */
  | { readonly kind: 'text'; readonly author: string; readonly text: string; readonly plain: boolean }
  | { readonly kind: 'runStart'; readonly number: number; readonly run: RunView }
  | { readonly kind: 'runEnd'; readonly number: number; readonly run: RunView; readonly error: string }
  | { readonly kind: 'activity'; readonly run: RunView }
  | {
      readonly kind: 'entry';
      readonly author: string;
      readonly runActive: boolean;
      readonly row: Exclude<TranscriptRow, { kind: 'text' }>;
    }
);

/** Who a person is in `Message.from`. */
const person = 'you';

/**
 * The conversation in order: each message, then what the runs that it caused said and did, then how they ended. A
 * response or error that a run wrote is made of its transcript: it is shown only where there is none. Where something comes
 * from decides, never what it says: the same live, at the end and after reopening.
 */
export function conversationRows(conversation: {
  readonly messages: readonly MessageView[];
  readonly runs: readonly RunView[];
  readonly transcripts: ReadonlyMap<string, Transcript>;
  /** So many entries of a run are missing at its beginning; rows are known by their places in the whole. */
  readonly skipped?: ReadonlyMap<string, number>;
}): RowList<ConversationRow> {
  const { messages, runs, transcripts, skipped } = conversation;
  const parts: RowPart<ConversationRow>[] = [];
  const runsByMessage = Map.groupBy(runs, run => run.messageId);
  const runIds = new Set(runs.map(run => run.id));
  const placed = new Set<string>();
  const answers = Map.groupBy(
    messages.filter(message => !runsByMessage.has(message.id) && runIds.has(message.runId)),
    message => message.runId,
  );
  const addRun = (run: RunView): void => {
    if (placed.has(run.id)) return;
    placed.add(run.id);
    addRunParts(parts, {
      run,
      number: runs.indexOf(run) + 1,
      alone: runs.length === 1,
      transcript: transcripts.get(run.id) ?? Transcript.empty,
      skipped: skipped?.get(run.id) ?? 0,
      answers: answers.get(run.id) ?? [],
    });
  };
  for (const message of messages) {
    if (answers.get(message.runId)?.includes(message)) continue;
    parts.push(one(messageRow(message)));
    for (const run of runsByMessage.get(message.id) ?? []) addRun(run);
  }
  for (const run of runs) addRun(run);
  return new RowList(parts);
}

interface RunFacts {
  readonly run: RunView;
  readonly number: number;
  /** The thread's only run needs no heading. */
  readonly alone: boolean;
  readonly transcript: Transcript;
  readonly skipped: number;
  readonly answers: readonly MessageView[];
}

function addRunParts(parts: RowPart<ConversationRow>[], facts: RunFacts): void {
  const { run, number, alone, transcript, skipped, answers } = facts;
  const active = isActive(run.status);
  const { rows, hasText, hasError } = transcript.rows;
  if (!alone) parts.push(one({ kind: 'runStart', key: `${run.id}:start`, estimate: 28, number, run }));
  const key = `${run.id}:${skipped}`;
  parts.push({ key, length: rows.length, at: place => rowAt(rows, place, { run, skipped }) });
  for (const answer of answers) {
    const known = answer.intent === 'error' ? hasError || run.error !== undefined : hasText;
    if (!known && !active && answer.body.trim() !== '') parts.push(one(messageRow(answer)));
  }
  if (active) parts.push(one({ kind: 'activity', key: `${run.id}:activity`, estimate: 28, run }));
  else {
    const error = run.error !== undefined && !hasError ? run.error : '';
    parts.push(one({ kind: 'runEnd', key: `${run.id}:end`, estimate: 28, number, run, error }));
  }
}

function one(row: ConversationRow): RowPart<ConversationRow> {
  return { key: row.key, length: 1, at: () => row };
}

function rowAt(
  rows: readonly TranscriptRow[],
  place: number,
  { run, skipped }: Pick<RunFacts, 'run' | 'skipped'>,
): ConversationRow | undefined {
  const row = rows[place];
  if (row === undefined) return undefined;
  const key = `${run.id}:${row.index + skipped}`;
  const author = place === 0 ? run.agent : '';
  return row.kind === 'text'
    ? { kind: 'text', key, estimate: textEstimate(row.text), author, text: row.text, plain: row.plain }
    : { kind: 'entry', key, estimate: 26, author, runActive: isActive(run.status), row };
}

function messageRow(message: MessageView): ConversationRow {
  return {
    kind: 'message',
    key: `message:${message.id}`,
    estimate: textEstimate(message.body),
    author: message.from,
    isPerson: message.from === person,
    asTyped: message.intent !== 'response',
    body: message.body,
    at: message.createdAt,
  };
}

/** True until a run has ended. */
export function isActive(status: string): boolean {
  return status === 'queued' || status === 'starting' || status === 'running' || status === 'waiting';
}

function textEstimate(text: string): number {
  return 12 + 18 * Math.ceil(text.length / 100 + (text.match(/\n/g)?.length ?? 0));
}
