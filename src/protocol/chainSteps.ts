import type { Run } from './gen/muster/v1/runs_pb.js';
import type { AgentVerdict, Message } from './gen/muster/v1/threads_pb.js';

/** Messages that made an agent work. */
const asking: ReadonlySet<string> = new Set(['dispatch', 'handoff', 'changes-requested', 'take-over']);

/** One message of a thread that made an agent work, with what came of it. */
export interface ChainStep {
  readonly message: Message;
  /** The last run for it; undefined before one is queued, or when it was refused. */
  readonly run: Run | undefined;
  /** approve, request_changes, comment: what its run said with the tool; undefined: nothing. */
  readonly verdict: string | undefined;
}

/** Who asked whom for what on a thread, oldest first. */
export function chainSteps(thread: {
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  readonly verdicts: readonly AgentVerdict[];
}): readonly ChainStep[] {
  return thread.messages
    .filter(({ intent }) => asking.has(intent))
    .map(message => {
      const run = thread.runs.findLast(({ messageId }) => messageId === message.id);
      return { message, run, verdict: thread.verdicts.findLast(({ runId }) => runId === run?.id)?.verdict };
    });
}
