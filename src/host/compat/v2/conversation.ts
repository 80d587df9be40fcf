import { RunStatus, StdioStream, type RunSummary } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import { notYet, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { findRun, said, type Dispatched } from './dispatched.js';
import { runSummary } from './shapes.js';

/** Who is attached: says what comes next, or wants an end. */
export interface Speaker {
  readonly cancelled: AbortSignal;
  /** What a person says next; undefined when nothing follows. */
  message(): Promise<string | undefined>;
}

/** Agents are asked and answer; commands have terminals. */
export function refuseTerminal({ tty }: { readonly tty: boolean }): void {
  if (tty) throw notYet('A terminal (`tty`) for an agent', 'Attach without one, or run a command in one.');
}

/**
 * A talk with an agent: its first run, and one more for each message of the person, each of them as frames of `Attach…`. Who cancels
 * stops the run that is at work.
 */
export async function* conversation(ours: OurCalls, first: Dispatched, speaker: Speaker) {
  const { threadId } = first;
  let runId = first.runId;
  let run = runSummary(await findRun(ours, runId));
  yield frame({ case: 'started', value: { operationId: runId, runId, sandboxId: threadId, run } });
  let output = '';
  for (;;) {
    output = '';
    for await (const piece of untilCancelled(ours, { runId, threadId }, speaker)) {
      output += piece;
      yield frame({ case: 'output', value: { data: Buffer.from(piece), stream: StdioStream.STDOUT } });
    }
    run = runSummary(await findRun(ours, runId));
    yield frame({ case: 'agentTurnCompleted', value: { runId } });
    const text = speaker.cancelled.aborted ? undefined : await speaker.message();
    if (text === undefined) break;
    ({ runId } = await ours.threads.dispatch({ threadId, agent: run.agentName, prompt: text }));
  }
  yield frame({ case: 'result', value: { ...ended(run), output } });
}

/** How a run ended, as the last frame says it. */
export function ended(run: RunSummary) {
  return { exitCode: run.exitCode, success: run.status === RunStatus.SUCCEEDED, run, error: run.error };
}

/** Each frame has the time at which it was sent. */
export function frame<const F>(value: F): { readonly createdAt: ReturnType<typeof time>; readonly frame: F } {
  return { createdAt: time(BigInt(Date.now())), frame: value };
}

/** What is said until the run has ended; when nobody wants it any more it is stopped and its end is waited for. */
async function* untilCancelled(ours: OurCalls, run: Dispatched, { cancelled }: Speaker): AsyncGenerator<string> {
  const stop = (): void => {
    // Its end comes over the same stream; that it could not be stopped shows there as well.
    ours.threads.cancelThread({ threadId: run.threadId }).catch(() => undefined);
  };
  if (cancelled.aborted) stop();
  cancelled.addEventListener('abort', stop, { once: true });
  try {
    yield* said(ours, { ...run, signal: new AbortController().signal });
  } finally {
    cancelled.removeEventListener('abort', stop);
  }
}
