import type { MessageView, RunView } from '../../src/protocol/webview/threadView.js';
import type { TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';
import { transcriptRows, type TranscriptRow } from './transcriptRows.js';

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
  readonly transcripts: ReadonlyMap<string, readonly TranscriptEntry[]>;
}): readonly ConversationRow[] {
  const { messages, runs, transcripts } = conversation;
  const rows: ConversationRow[] = [];
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
    addRunRows(rows, {
      run,
      number: runs.indexOf(run) + 1,
      alone: runs.length === 1,
      entries: transcripts.get(run.id) ?? [],
      answers: answers.get(run.id) ?? [],
    });
  };
  for (const message of messages) {
    if (answers.get(message.runId)?.includes(message)) continue;
    rows.push(messageRow(message));
    for (const run of runsByMessage.get(message.id) ?? []) addRun(run);
  }
  for (const run of runs) addRun(run);
  return rows;
}

interface RunPart {
  readonly run: RunView;
  readonly number: number;
  /** The thread's only run needs no heading. */
  readonly alone: boolean;
  readonly entries: readonly TranscriptEntry[];
  readonly answers: readonly MessageView[];
}

function addRunRows(rows: ConversationRow[], { run, number, alone, entries, answers }: RunPart): void {
  const active = isActive(run.status);
  if (!alone) rows.push({ kind: 'runStart', key: `${run.id}:start`, estimate: 28, number, run });
  let authorShown = false;
  let said = false;
  let failed = false;
  for (const row of transcriptRows(entries)) {
    const key = `${run.id}:${row.index}`;
    const author = authorShown ? '' : run.agent;
    if (row.kind === 'text') {
      said = true;
      rows.push({ kind: 'text', key, estimate: textEstimate(row.text), author, text: row.text, plain: row.plain });
    } else {
      failed ||= row.kind === 'error';
      rows.push({ kind: 'entry', key, estimate: 26, author, runActive: active, row });
    }
    authorShown = true;
  }
  for (const answer of answers) {
    const known = answer.intent === 'error' ? failed || run.error !== undefined : said;
    if (!known && !active && answer.body.trim() !== '') rows.push(messageRow(answer));
  }
  if (active) rows.push({ kind: 'activity', key: `${run.id}:activity`, estimate: 28, run });
  else {
    const error = run.error !== undefined && !failed ? run.error : '';
    rows.push({ kind: 'runEnd', key: `${run.id}:end`, estimate: 28, number, run, error });
  }
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
