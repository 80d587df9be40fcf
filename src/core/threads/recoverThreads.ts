import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { IdSource, RunId, ThreadId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import { person } from '../messages/message.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Run } from '../runs/run.js';
import type { RunLifecycle } from '../runs/runLifecycle.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { WorkspaceService } from '../workspaces/workspaceService.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { branchOfDirectory } from '../workspaces/worktreeName.js';
import { summaryOf } from './threadSummary.js';
import type { Thread } from './thread.js';
import type { ThreadStores } from './threadStore.js';

/** What stands in the state directory of a thread that the database may not know. */
export interface Leftover {
  readonly threadId: ThreadId;
  /** Its worktree's folder. */
  readonly path: string;
  readonly directory: string;
  /** Oldest first. What they say of themselves an agent may have written: it chooses nothing that runs. */
  readonly runs: readonly LeftoverRun[];
}

export interface LeftoverRun {
  readonly id: RunId;
  readonly agent: string;
  readonly prompt: string;
  readonly at: number;
}

/** Port: worktrees and run directories below the state directory. */
export interface Leftovers {
  list(): Promise<readonly Leftover[]>;
}

export interface Recovery {
  readonly recovered: readonly ThreadId[];
  /** What could not be brought back, and why. */
  readonly left: readonly { readonly path: string; readonly reason: string }[];
}

type RecoveryStores = ProjectStores & ThreadStores & MessageStores & RunStores & EventStores;

export interface RecoverThreadsOptions {
  readonly store: Store<RecoveryStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly workspaces: Pick<WorkspaceService, 'repository'>;
  readonly driver: Pick<WorktreeDriver, 'ensure' | 'state' | 'comparison'>;
  readonly runs: Pick<RunLifecycle, 'adopt'>;
  readonly leftovers: Leftovers;
}

/**
 * Brings threads back after the database was lost: from their worktrees, as the repositories of the applied projects know them, and
 * from their run directories. Runs are taken over as those of a host that was killed, so that their output is read again, those
 * that still work are watched on, and what they left is committed.
 */
export class RecoverThreads {
  readonly #options: RecoverThreadsOptions;

  constructor(options: RecoverThreadsOptions) {
    this.#options = options;
  }

  async recover(): Promise<Recovery> {
    const { store, leftovers } = this.#options;
    const recovered: ThreadId[] = [];
    const left: { readonly path: string; readonly reason: string }[] = [];
    for (const leftover of await leftovers.list()) {
      if (store.read(stores => stores.threads.get(leftover.threadId))) continue;
      const reason = await this.#bringBack(leftover);
      if (reason === undefined) recovered.push(leftover.threadId);
      else left.push({ path: leftover.path, reason });
    }
    return { recovered, left };
  }

  /** Why not; `undefined` when the thread is back. */
  async #bringBack(leftover: Leftover): Promise<string | undefined> {
    const [first] = leftover.runs;
    if (!first) return 'no run directory tells what it was for';
    const projects = this.#options.store.read(stores => stores.projects.list());
    const candidates = projects.filter(({ spec }) => spec.agents.some(agent => agent.name === first.agent));
    if (candidates.length === 0) return `no applied project has an agent ${first.agent}; apply its file with muster up`;
    let reason = '';
    for (const project of candidates) {
      try {
        const thread = await this.#threadIn(project, leftover);
        const runs = this.#write(thread, project, leftover.runs);
        for (const run of runs) await this.#options.runs.adopt(run);
        return undefined;
      } catch (error) {
        // Another project's repository may be the one that knows this worktree.
        reason = errorMessage(error);
      }
    }
    return reason;
  }

  /** Errors: those of the repository, and `worktree.missing` or `worktree.replaced` when it does not know the worktree. */
  async #threadIn(project: Project, { threadId, path, directory, runs }: Leftover): Promise<Thread> {
    const { workspaces, driver, clock } = this.#options;
    const { root, branch: base } = await workspaces.repository(project.folder);
    const agent = project.spec.agents.find(candidate => candidate.name === runs[0]?.agent);
    const prefix = agent?.workspace.provider === 'worktree' ? agent.workspace.branchPrefix : undefined;
    const branch = branchOfDirectory(directory, prefix ?? undefined);
    const record = await driver.ensure({ repository: root, path, branch });
    const ref = { repository: root, path, branch, ...record };
    const { head } = await driver.state(ref, base ?? branch);
    const [first] = runs;
    const baseCommit = await driver.comparison(ref, { head, target: base });
    return {
      id: threadId,
      projectId: project.id,
      agent: first?.agent ?? '',
      outcome: 'open',
      summary: summaryOf(first?.prompt ?? directory),
      repository: root,
      branch,
      baseCommit,
      worktree: path,
      head,
      commonDir: record.commonDir,
      registeredAs: record.registeredAs,
      createdAt: first?.at ?? clock.now(),
      updatedAt: clock.now(),
      ...(base === undefined ? {} : { baseRef: base }),
    };
  }

  #write(thread: Thread, project: Project, left: readonly LeftoverRun[]): readonly Run[] {
    const { store, clock, ids } = this.#options;
    return store.transact(stores => {
      stores.threads.insert(thread);
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
}
