import type { DomainEvent } from '../events/domainEvent.js';
import { person, type Message } from '../messages/message.js';
import type { Run } from './run.js';
import type { RunEnd } from './runSupervisor.js';

/** What an ended run leaves to be written with its end, in one transaction. Ids are given when it is written. */
export interface RunSequel {
  readonly messages: readonly Omit<Message, 'id'>[];
  /** Each is told as `run_changed` when it has its id. */
  readonly runs: readonly Omit<Run, 'id'>[];
  readonly events: readonly DomainEvent[];
}

/** What follows from the end of a run; `run` is as it is after that end. */
export function after(run: Run, end: RunEnd, now: number): RunSequel {
  return {
    messages: reply(run, now),
    runs: end.kind === 'lost' && !end.started ? [again(run, now)] : [],
    events: [{ kind: 'run_changed', threadId: run.threadId, runId: run.id, status: run.status }],
  };
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

/** Nothing of the first run ever ran, so that running its message now is not running it twice. */
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
  };
}
