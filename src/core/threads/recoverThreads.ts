import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Project } from '../projects/project.js';
import { branchOfDirectory } from '../workspaces/worktreeName.js';
import { takeBack } from './recoveredThread.js';
import { recoverRescues } from './recoverRescues.js';
import type { Leftover, Recovery, RecoveryOptions } from './recovery.js';
import { summaryOf } from './threadSummary.js';
import type { Thread } from './thread.js';

/**
 * Brings threads back after the database was lost: from their worktrees, as the repositories of the applied projects know them,
 * from what was kept of removed ones, and from their run directories. Runs are taken over as those of a host that was killed, so that their output is read again, those
 * that still work are watched on, and what they left is committed.
 */
export class RecoverThreads {
  readonly #options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
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
    const rescued = await recoverRescues(this.#options);
    return { recovered: [...recovered, ...rescued.recovered], left: [...left, ...rescued.left] };
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
        await takeBack(this.#options, { thread, project, runs: leftover.runs });
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
    const branch = branchOfDirectory(directory, workspaces.branchPrefix(agent));
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
}
