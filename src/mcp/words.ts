import type { Run } from '../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../protocol/gen/muster/v1/threads_pb.js';
import type { Message } from '../protocol/gen/muster/v1/threads_pb.js';

/**
 * compas' words for our states, so that whoever knows its tools reads the same here. A word that is in no table is passed on as
 * it is: a newer host may have states that this program does not know.
 */
const threadWords = new Map([
  ['open', 'Active'],
  ['completed', 'Completed'],
  ['failed', 'Failed'],
  ['abandoned', 'Abandoned'],
]);

const runWords = new Map([
  ['starting', 'picked_up'],
  ['running', 'executing'],
  ['waiting', 'executing'],
  ['succeeded', 'completed'],
  ['lost', 'crashed'],
]);

const mergeWords = new Map([
  ['checking', 'claimed'],
  ['merging', 'executing'],
  ['merged', 'completed'],
  ['blocked', 'failed'],
  ['conflicted', 'failed'],
]);

/** `Active`, `Completed`, `Failed` or `Abandoned`. */
export function threadWord({ outcome }: Pick<Thread, 'outcome'>): string {
  return threadWords.get(outcome) ?? outcome;
}

/** `queued`, `picked_up`, `executing`, `completed`, `failed`, `timed_out`, `crashed` or `cancelled`. */
export function runWord(status: string): string {
  return runWords.get(status) ?? status;
}

/** `queued`, `claimed`, `executing`, `completed`, `failed` or `cancelled`; ours is told beside it as `state`. */
export function mergeWord(status: string): string {
  return mergeWords.get(status) ?? status;
}

/** What ending these runs stops, in compas' words: all that had not ended, and of these the ones that had a process. */
export function endedRuns(runs: readonly Pick<Run, 'endedAt' | 'status'>[]): {
  readonly executions_cancelled: number;
  readonly processes_killed: number;
} {
  const active = runs.filter(({ endedAt, status }) => endedAt === 0n && status !== 'cancelled');
  return {
    executions_cancelled: active.length,
    processes_killed: active.filter(({ status }) => status !== 'queued').length,
  };
}

/** A person is called `operator` there. */
export function partyWord(name: string): string {
  return name === 'you' ? 'operator' : name;
}

/** How a message is named from one call to the next. */
export function referenceTo({ id }: Pick<Message, 'id'>): string {
  return `db:${id}`;
}

/** The id in a reference, with or without its `db:`. */
export function idOfReference(reference: string): string {
  return reference.trim().replace(/^db:/, '');
}
