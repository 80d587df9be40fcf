import type { ChangedFileView, ConnectionView, ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import type { ThreadPageState } from '../../src/protocol/webview/threadPageState.js';
import type { AgentView, MergeView, MessageView, RunView, ThreadView } from '../../src/protocol/webview/threadView.js';
import type { TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';
import { webviewStrings, withTranslations, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { Transcript } from './transcript.js';

type Transcripts = ReadonlyMap<string, Transcript>;
type FailedPart = Extract<ToThreadPage, { type: 'failed' }>['what'];

/** What the page knows; {@link applyMessage} is the only thing that changes it. */
export interface PageState {
  readonly strings: WebviewStrings;
  readonly connection: ConnectionView;
  readonly threadId: string | undefined;
  readonly thread: ThreadView | undefined;
  readonly agents: readonly AgentView[];
  readonly messages: readonly MessageView[];
  readonly runs: readonly RunView[];
  readonly merges: readonly MergeView[];
  readonly transcripts: Transcripts;
  /** So many entries of a run come before its cached ones. */
  readonly skipped: ReadonlyMap<string, number>;
  /** While cached transcripts are shown, what arrives is gathered here and replaces them at once. */
  readonly incoming: Transcripts | undefined;
  /** The conversation has come from the host or from the cache. */
  readonly loaded: boolean;
  readonly caughtUp: boolean;
  readonly files: readonly ChangedFileView[] | undefined;
  readonly uncommitted: number;
  /** The last failure of each part, until it works again or a person dismisses it. */
  readonly failures: ReadonlyMap<FailedPart, string>;
}

/** The state before the first message: what an earlier document of this page kept, if anything. */
export function initialState(restored: ThreadPageState | undefined): PageState {
  const cached = restored?.cached;
  return {
    strings: webviewStrings,
    connection: 'online',
    threadId: restored?.threadId,
    thread: cached?.thread,
    agents: cached?.agents ?? [],
    messages: cached?.messages ?? [],
    runs: cached?.runs ?? [],
    merges: [],
    transcripts: new Map(
      Object.entries(cached?.transcripts ?? {}).map(([run, entries]) => [run, Transcript.of(entries)]),
    ),
    skipped: new Map(Object.entries(cached?.skipped ?? {})),
    incoming: cached ? new Map() : undefined,
    loaded: cached !== undefined,
    caughtUp: false,
    files: undefined,
    uncommitted: 0,
    failures: new Map(),
  };
}

/** The state after a message of the extension. Messages for the follow-up box do not change it. */
export function applyMessage(state: PageState, message: ToThreadPage): PageState {
  switch (message.type) {
    case 'init':
      return { ...state, threadId: message.threadId, strings: withTranslations(message.strings) };
    case 'connection':
      return { ...state, connection: message.state };
    case 'thread':
      return { ...state, thread: message.thread, agents: message.agents };
    case 'conversation': {
      const { messages, runs, merges } = message;
      return { ...state, messages, runs, merges, loaded: true, failures: without(state.failures, 'load') };
    }
    case 'transcript':
      return appendEntries(
        { ...state, failures: without(state.failures, 'transcript') },
        message.runId,
        message.entries,
      );
    case 'caughtUp':
      return {
        ...state,
        caughtUp: true,
        transcripts: state.incoming ?? state.transcripts,
        skipped: new Map(),
        incoming: undefined,
      };
    case 'files':
      return {
        ...state,
        files: message.files,
        uncommitted: message.uncommitted,
        failures: without(state.failures, 'files'),
      };
    case 'failed':
      return { ...state, failures: new Map(state.failures).set(message.what, message.message) };
    case 'followUpDone':
    case 'focusFollowUp':
    case 'find':
    case 'draft':
      return state;
  }
}

/** A person has read the failure. */
export function dismissFailure(state: PageState, what: FailedPart): PageState {
  return { ...state, failures: without(state.failures, what) };
}

function appendEntries(state: PageState, runId: string, entries: readonly TranscriptEntry[]): PageState {
  const into = new Map(state.incoming ?? state.transcripts);
  into.set(runId, (into.get(runId) ?? Transcript.empty).append(entries));
  return state.incoming ? { ...state, incoming: into } : { ...state, transcripts: into };
}

function without(failures: PageState['failures'], what: FailedPart): PageState['failures'] {
  if (!failures.has(what)) return failures;
  const rest = new Map(failures);
  rest.delete(what);
  return rest;
}

/** As many entries of the end are kept for the next first paint. */
const keptEntries = 150;
/** Long texts are not worth keeping twice. */
const keptText = 2_000;

/** So many of them come before the place where a person reads. */
const keptBefore = 30;

/**
 * What to keep for the next document of this page: the state with only a part of its transcripts, around the row that a
 * person reads, or else the end.
 */
export function cachedPart(state: PageState, placeKey?: string): ThreadPageState['cached'] {
  if (!state.thread || !state.loaded) return undefined;
  const transcripts: Record<string, TranscriptEntry[]> = {};
  const skipped: Record<string, number> = {};
  for (const { runId, from, entries } of keptParts(state, placeKey)) {
    transcripts[runId] = entries.map(shorten);
    skipped[runId] = from;
  }
  return {
    thread: state.thread,
    agents: [...state.agents],
    messages: state.messages.map(message => ({ ...message, body: message.body.slice(0, keptText) })),
    runs: [...state.runs],
    transcripts,
    skipped,
  };
}

interface KeptPart {
  readonly runId: string;
  /** Place of the first of them in its run. */
  readonly from: number;
  readonly entries: readonly TranscriptEntry[];
}

function keptParts(state: PageState, placeKey: string | undefined): readonly KeptPart[] {
  const partOf = (runId: string, first: number, count: number): KeptPart => {
    const transcript = state.transcripts.get(runId) ?? Transcript.empty;
    const from = Math.max(0, first);
    return { runId, from: from + (state.skipped.get(runId) ?? 0), entries: transcript.slice(from, from + count) };
  };
  const [readRun = '', index = ''] = placeKey?.split(':') ?? [];
  if (state.transcripts.has(readRun) && /^\d+$/.test(index)) {
    return [partOf(readRun, Number(index) - (state.skipped.get(readRun) ?? 0) - keptBefore, keptEntries)];
  }
  const parts: KeptPart[] = [];
  let room = keptEntries;
  for (const { id } of state.runs.toReversed()) {
    const transcript = state.transcripts.get(id) ?? Transcript.empty;
    const entries = transcript.last(Math.max(0, room));
    const from = transcript.length - entries.length + (state.skipped.get(id) ?? 0);
    if (entries.length > 0) parts.push({ runId: id, from, entries });
    room -= entries.length;
  }
  return parts;
}

function shorten(entry: TranscriptEntry): TranscriptEntry {
  switch (entry.kind) {
    case 'tool_call':
      return { ...entry, input: entry.input.slice(0, keptText) };
    case 'tool_result':
      return { ...entry, output: entry.output.slice(0, keptText), cut: entry.cut || entry.output.length > keptText };
    case 'error':
      return entry;
    default:
      return { ...entry, text: entry.text.slice(0, keptText) };
  }
}
