import type { AgentErrorReason, AgentEvent, Usage } from '../agents/agentEvent.js';
import type { RunDigest } from '../agents/provider.js';
import { isConversationId } from '../agents/conversationId.js';
import { assertNever } from '../../base/exhaustive.js';
import { noTests, testBegun, testEnded, type TestLog } from './testRuns.js';

/** What is kept of a run's events while it works: bounded, and enough to go on after a host restart. */
export interface RunDigestState {
  /** Byte offset in `stdout.ndjson` up to which this is true. */
  readonly offset: number;
  readonly conversation?: string;
  readonly answer: string;
  /** `answer` is only the end of what was said: the conclusion is there. */
  readonly answerCut?: boolean;
  /** The next piece of streamed text belongs to `answer`. */
  readonly answerIsOpen?: boolean;
  readonly sawResult: boolean;
  readonly errors: readonly { readonly message: string; readonly reason: AgentErrorReason }[];
  readonly activity: string;
  readonly usage: UsageTotals;
  /** Missing: it ran none. */
  readonly tests?: TestLog;
}

export interface UsageTotals {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly costUsd?: number;
}

export const emptyDigest: RunDigestState = {
  offset: 0,
  answer: '',
  sawResult: false,
  errors: [],
  activity: '',
  usage: {},
};

/** As much of a text as is kept anywhere (`agentEvent.ts`); the whole is in the run’s log. */
const maxAnswer = 16_384;
/** Stands where the beginning of an answer was. */
export const cutMark = '[… the beginning is in the raw log]';
const maxActivity = 200;
const maxErrors = 10;

/** The digest after one more event. */
export function digestEvent(state: RunDigestState, event: AgentEvent): RunDigestState {
  const { answerIsOpen, ...next } = digestOne(state, event);
  return answerIsOpen === true && event.kind === 'text' ? { ...next, answerIsOpen } : next;
}

function digestOne(state: RunDigestState, event: AgentEvent): RunDigestState {
  switch (event.kind) {
    case 'conversation':
      return isConversationId(event.id) ? { ...state, conversation: event.id } : state;
    case 'text':
      return { ...afterText(state, event), activity: oneLine(event.text) || state.activity };
    case 'thinking':
      return state;
    case 'tool_result':
      return withTests(state, testEnded(state.tests ?? noTests, event));
    case 'tool_call':
      return {
        ...withTests(state, testBegun(state.tests ?? noTests, event)),
        activity: oneLine(`${event.tool} ${event.title}`),
      };
    case 'usage':
      return { ...state, usage: addUsage(state.usage, event) };
    case 'result':
      return { ...state, ...endOf(event.text, false), sawResult: true };
    case 'error':
      return {
        ...state,
        errors: [...state.errors, { message: event.message.slice(0, 2048), reason: event.reason }].slice(-maxErrors),
        activity: oneLine(event.message),
      };
    case 'raw':
      return { ...state, activity: oneLine(event.text) || state.activity };
    default:
      return assertNever(event);
  }
}

function withTests(state: RunDigestState, tests: TestLog): RunDigestState {
  return tests === noTests ? state : { ...state, tests };
}

/** A piece goes on with the answer when that is open; any other text begins a new one. */
function afterText(state: RunDigestState, event: Extract<AgentEvent, { readonly kind: 'text' }>): RunDigestState {
  const piece = event.delta === true;
  const next = { ...state, answerIsOpen: piece };
  if (state.sawResult) return next;
  const goesOn = piece && state.answerIsOpen === true;
  return { ...next, ...endOf(goesOn ? state.answer + event.text : event.text, goesOn && state.answerCut) };
}

/** What `Provider.conclude` is given. */
export function concludingDigest(state: RunDigestState, stderrTail: string): RunDigest {
  return {
    ...(state.conversation === undefined ? {} : { conversation: state.conversation }),
    answer: state.answerCut === true ? `${cutMark}\n\n${state.answer}` : state.answer,
    errors: state.errors,
    sawResult: state.sawResult,
    stderrTail,
  };
}

/** The end of an answer, from the start of a line where there is one. */
function endOf(text: string, alreadyCut: boolean | undefined): Pick<RunDigestState, 'answer' | 'answerCut'> {
  if (text.length <= maxAnswer) return { answer: text, answerCut: alreadyCut ?? false };
  const end = text.slice(-maxAnswer);
  const line = end.indexOf('\n');
  return { answer: line >= 0 && line < end.length - 1 ? end.slice(line + 1) : end, answerCut: true };
}

function addUsage(totals: UsageTotals, event: Usage): UsageTotals {
  const combine = (before: number | undefined, now: number | undefined): number | undefined => {
    if (now === undefined) return before;
    return event.total || before === undefined ? now : before + now;
  };
  return {
    inputTokens: combine(totals.inputTokens, event.inputTokens),
    outputTokens: combine(totals.outputTokens, event.outputTokens),
    cacheReadTokens: combine(totals.cacheReadTokens, event.cacheReadTokens),
    cacheWriteTokens: combine(totals.cacheWriteTokens, event.cacheWriteTokens),
    costUsd: combine(totals.costUsd, event.costUsd),
  };
}

function oneLine(text: string): string {
  // The cut comes first, so that a 4 MB line costs no more than a short one.
  return text
    .slice(0, maxActivity * 4)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxActivity);
}
