import { readVerdict } from '../base/verdict.js';
import type { Run } from './gen/muster/v1/runs_pb.js';
import type { AgentVerdict, Message, Thread } from './gen/muster/v1/threads_pb.js';

/** Messages that made an agent work. */
const asking: ReadonlySet<string> = new Set(['dispatch', 'handoff', 'changes-requested', 'take-over']);

/** One message of a thread that made an agent work, with what came of it. */
export interface ChainStep {
  readonly message: Message;
  /** The last run for it; undefined before one is queued, or when it was refused. */
  readonly run: Run | undefined;
  /** approve, request_changes, comment: what its run said with the tool, or at the end of its answer; undefined: nothing. */
  readonly verdict: string | undefined;
}

/** Who asked whom for what on a thread, oldest first. */
export function chainSteps({
  messages,
  runs,
  verdicts,
  thread,
}: {
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  readonly verdicts: readonly AgentVerdict[];
  readonly thread?: Pick<Thread, 'chain'> | undefined;
}): readonly ChainStep[] {
  const asked = messages.filter(({ intent }) => asking.has(intent));
  return asked.map(message => {
    const run = runs.findLast(({ messageId }) => messageId === message.id);
    const said = verdicts.findLast(({ runId }) => runId === run?.id)?.verdict;
    // What the thread knows of an agent's opinion is from when it was asked for it last.
    const isLast = asked.findLast(({ to }) => to === message.to) === message && run?.status === 'succeeded';
    const opinion = isLast ? thread?.chain?.said.find(({ agent }) => agent === message.to)?.verdict : undefined;
    return { message, run, verdict: said ?? (opinion || undefined) ?? answered(message, run) };
  });
}

/** What a reviewer ended its answer with, also when it was asked again since and the chain is another one. */
function answered({ intent }: Message, run: Run | undefined): string | undefined {
  return intent === 'handoff' && run?.status === 'succeeded' ? readVerdict(run.answer) : undefined;
}
