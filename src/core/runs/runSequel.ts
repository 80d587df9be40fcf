import type { DomainEvent } from '../events/domainEvent.js';
import { person, type Message } from '../messages/message.js';
import type { Run } from './run.js';
import type { RunEnd } from './runSupervisor.js';

/** What an ended run leaves to be written with its end, in one transaction. Ids are given when it is written. */
export interface RunSequel {
  readonly messages: readonly Omit<Message, 'id'>[];
  /** Each is told as `run_changed` when it has its id. */
  readonly runs: readonly NextRun[];
  readonly events: readonly DomainEvent[];
}

/** The next run of the same message. */
export interface NextRun {
  readonly run: Omit<Run, 'id'>;
  /** When it may start; missing: now. */
  readonly dueAt?: number;
}

/** What follows from the end of a run; `run` is as it is after that end. */
export function after(
  run: Run,
  end: RunEnd,
  { now, retryInMs }: { readonly now: number; readonly retryInMs: number | undefined },
): RunSequel {
  return {
    // Who asked hears of a failure when nobody tries again.
    messages: retryInMs === undefined ? reply(run, now) : [],
    runs: nextRuns(run, end, { now, retryInMs }),
    events: [{ kind: 'run_changed', threadId: run.threadId, runId: run.id, status: run.status }],
  };
}

function nextRuns(
  run: Run,
  end: RunEnd,
  { now, retryInMs }: { readonly now: number; readonly retryInMs: number | undefined },
): readonly NextRun[] {
  // Nothing of it ever ran, so that running its message now is not running it twice.
  if (end.kind === 'lost' && !end.started) return [{ run: again(run, now) }];
  if (retryInMs === undefined) return [];
  return [{ run: again(run, now), ...(retryInMs === 0 ? {} : { dueAt: now + retryInMs }) }];
}

/** The agent's answer, or what went wrong, as a message to whoever asked. A cancelled run says nothing. */
function reply(run: Run, now: number): readonly Omit<Message, 'id'>[] {
  const succeeded = run.status === 'succeeded';
  const body = succeeded ? run.answer : run.error?.message;
  if (body === undefined || body === '') return [];
  return [
    {
      threadId: run.threadId,
      from: run.agent,
      to: person,
      intent: succeeded ? 'response' : 'error',
      body,
      createdAt: now,
      runId: run.id,
    },
  ];
}

/** The same message once more. */
function again(run: Run, now: number): Omit<Run, 'id'> {
  return {
    threadId: run.threadId,
    messageId: run.messageId,
    agent: run.agent,
    provider: run.provider,
    status: 'queued',
    generation: 0,
    queuedAt: now,
    settled: false,
    ...(run.model === undefined ? {} : { model: run.model }),
    ...(run.liveInput ? { liveInput: true } : {}),
  };
}
