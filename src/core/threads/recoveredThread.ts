import { person } from '../messages/message.js';
import type { Project } from '../projects/project.js';
import type { Run } from '../runs/run.js';
import type { Rescue } from '../workspaces/rescue.js';
import type { LeftoverRun, RecoveryOptions } from './recovery.js';
import type { Thread } from './thread.js';

/** A thread as it was put together from what was found of it. */
export interface RecoveredThread {
  readonly thread: Thread;
  readonly project: Project;
  /** Oldest first. */
  readonly runs: readonly LeftoverRun[];
  readonly rescue?: Rescue;
}

/** Writes a thread down again, and takes its runs over as those of a host that was killed. */
export async function takeBack(options: RecoveryOptions, recovered: RecoveredThread): Promise<void> {
  for (const run of write(options, recovered)) await options.runs.adopt(run);
}

function write({ store, clock, ids }: RecoveryOptions, recovered: RecoveredThread): readonly Run[] {
  const { thread, project, runs: left, rescue } = recovered;
  return store.transact(stores => {
    stores.threads.insert(thread);
    if (rescue) stores.rescues.insert(rescue);
    stores.events.append({ kind: 'thread_changed', threadId: thread.id }, clock.now());
    return left.flatMap(({ id, agent: name, prompt, at }) => {
      const agent = project.spec.agents.find(candidate => candidate.name === name);
      if (!agent || stores.runs.get(id)) return [];
      const messageId = ids.next<'message'>();
      const run: Run = {
        id,
        threadId: thread.id,
        messageId,
        agent: name,
        provider: agent.provider,
        status: 'running',
        generation: 1,
        queuedAt: at,
        startedAt: at,
        settled: false,
        ...(agent.model === undefined ? {} : { model: agent.model }),
      };
      const from = { from: person, to: name, intent: 'dispatch', body: prompt, createdAt: at } as const;
      stores.messages.insert({ id: messageId, threadId: thread.id, runId: id, ...from });
      stores.runs.insert(run);
      stores.events.append({ kind: 'run_changed', threadId: thread.id, runId: id, status: run.status }, clock.now());
      return [run];
    });
  });
}
