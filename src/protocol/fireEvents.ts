import { ownValue } from '../base/ownValue.js';
import { theirRunStatus } from './theirRunStatus.js';
import type { Run } from './gen/muster/v1/runs_pb.js';
import type { Fire, ScheduledTrigger, ScriptCall, ScriptRun } from './gen/muster/v1/schedules_pb.js';

/** What agent-compose says of schedulers, the same over its API and on the command line. A trigger's run there is what we call a fire. */

export interface FireRecord {
  readonly fire: Fire;
  /** Of what it started, as far as it is known. */
  readonly run?: Run | undefined;
  /** The run of the script that it started instead; with what it called, where that was asked for. */
  readonly script?: ScriptRun | undefined;
  readonly trigger?: ScheduledTrigger | undefined;
}

/** Its words for what a trigger did; `--status` takes these and ours. */
export const schedulerStatuses = ['running', 'succeeded', 'failed', 'skipped', 'canceled'] as const;

export type SchedulerStatus = (typeof schedulerStatuses)[number];

export function fireStatus({ fire, run, script }: FireRecord): SchedulerStatus {
  const status = run?.status ?? script?.status ?? fire.runStatus;
  if (status === '') return statusOfOutcome(fire);
  const word = theirRunStatus({ status });
  return word === 'pending' ? 'running' : word;
}

function statusOfOutcome({ outcome }: Fire): SchedulerStatus {
  switch (outcome) {
    case 'failed':
      return 'failed';
    case 'skipped':
    case 'missed':
      return 'skipped';
    default:
      return 'running';
  }
}

/** What a trigger started: the run of an agent or of a script. Empty when it started none. */
export function startedBy({ runId, scriptRunId }: Fire): string {
  return runId || scriptRunId;
}

/** One thing that happened to a fire. Texts are empty for nothing. */
export interface FireEvent {
  readonly id: string;
  readonly type: string;
  readonly level: string;
  readonly message: string;
  /** JSON. */
  readonly payload: string;
  readonly threadId: string;
  /** Of an agent that its script asked. */
  readonly runId: string;
  /** ms since the epoch */
  readonly at: bigint;
}

/** It began (or did not), what its script did, and how it ended. */
export function fireEvents(record: FireRecord): readonly FireEvent[] {
  const { fire, run, script } = record;
  const event = (word: string, at: bigint, more: { readonly level: string; readonly message: string }): FireEvent => ({
    id: `${fire.sequence}:${word}`,
    type: `scheduler.run.${word}`,
    ...more,
    payload: '',
    threadId: fire.threadId,
    runId: '',
    at,
  });
  const status = fireStatus(record);
  if (startedBy(fire) === '') {
    if (status === 'running') return [];
    return [event(status, fire.at, { level: status === 'failed' ? 'error' : 'info', message: fire.reason })];
  }
  const called = (script?.calls ?? []).flatMap(call => callEvents(call, `${fire.sequence}:${call.number}`));
  const began = [event('started', fire.at, { level: 'info', message: fire.reason }), ...called];
  const endedAt = (run ?? script)?.endedAt ?? 0n;
  if (endedAt === 0n) return began;
  const isFailure = status === 'failed';
  const word = status === 'succeeded' ? 'completed' : status;
  const message = isFailure ? (run?.error?.message ?? script?.error ?? '') : '';
  return [...began, event(word, endedAt, { level: isFailure ? 'error' : 'info', message })];
}

/** What each thing that a script did is called, when it went well and when it did not. */
const typesOf: Readonly<Record<string, readonly [string, string]>> = {
  'agent': ['agent.completed', 'agent.failed'],
  'exec': ['command.completed', 'command.failed'],
  'shell': ['command.completed', 'command.failed'],
  'llm': ['llm.completed', 'llm.failed'],
  'event.publish': ['event.published', 'event.publish.failed'],
  'sandbox.create': ['sandbox.created', 'sandbox.rpc.failed'],
  'sandbox.resume': ['sandbox.resumed', 'sandbox.rpc.failed'],
  'sandbox.stop': ['sandbox.stopped', 'sandbox.stop_failed'],
  'sandbox.get': ['sandbox.rpc.completed', 'sandbox.rpc.failed'],
  'sandbox.list': ['sandbox.rpc.completed', 'sandbox.rpc.failed'],
  'log': ['log', 'log'],
  'phase': ['phase', 'phase'],
  'workflow': ['workflow.completed', 'workflow.failed'],
};

/** One call as an event; nothing for those that only read and write what the script remembers. */
function callEvents(call: ScriptCall, id: string): readonly FireEvent[] {
  const types = ownValue(typesOf, call.name.replace(/ \(reused\)$/, ''));
  if (!types) return [];
  const isSaid = types[0] === types[1];
  const [message, more] = isSaid ? saidIn(call.given) : [call.error, call.got];
  const level = levelOf(isSaid ? more : '');
  return [
    {
      id,
      type: `scheduler.${call.error === '' ? types[0] : types[1]}`,
      level: call.error === '' ? (level ?? 'info') : 'error',
      message,
      payload: more === 'null' || level !== undefined ? '' : more,
      threadId: call.threadId,
      runId: call.runId,
      at: call.at,
    },
  ];
}

/** The words and the payload of a line that was logged. The record keeps no more than a person reads, so that it may be no JSON. */
function saidIn(given: string): readonly [string, string] {
  try {
    const said: unknown = JSON.parse(given);
    const [words, payload]: readonly unknown[] = Array.isArray(said) ? said : [said];
    return [
      typeof words === 'string' ? words : JSON.stringify(words),
      payload === undefined ? '' : JSON.stringify(payload),
    ];
  } catch {
    return [given, ''];
  }
}

/** `console.warn` and its like say how bad it is in the place of a payload. */
function levelOf(payload: string): string | undefined {
  return /^\{"level":"(\w+)"\}$/.exec(payload)?.[1];
}
