import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { EventStores } from '../events/eventLog.js';
import { branchOf } from '../merges/mergeTarget.js';
import type { Project } from '../projects/project.js';
import type { Store } from '../store.js';
import type { ForeignWorktreeDriver, ListedWorktree } from '../workspaces/foreignWorktree.js';
import type { PreparationStores } from '../workspaces/preparation.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { SpareStores } from '../workspaces/spareWorktree.js';
import type { WorkspacePreparer } from '../workspaces/workspacePreparer.js';
import type { WorkspaceService } from '../workspaces/workspaceService.js';
import type { WorktreeDriver } from '../workspaces/worktreeDriver.js';
import { findThread } from './threadLookup.js';
import type { ThreadView, ThreadStores } from './threadStore.js';
import { summaryOf } from './threadSummary.js';
import type { Thread } from './thread.js';

export interface AdoptWorktreeOptions {
  readonly store: Store<ThreadStores & RescueStores & SpareStores & PreparationStores & EventStores>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly workspaces: Pick<WorkspaceService, 'repository'>;
  readonly driver: Pick<WorktreeDriver, 'ensure' | 'state' | 'comparison' | 'changes'>;
  readonly foreign: ForeignWorktreeDriver;
  readonly preparer: Pick<WorkspacePreparer, 'adopted'>;
}

export interface Adoption {
  readonly project: Project;
  readonly path: string;
  /** Whose thread it becomes; missing: the only one there is. */
  readonly agent?: string;
  /** The branch that its work is compared with; missing: what is checked out in the repository. */
  readonly base?: string;
}

/**
 * Makes threads of worktrees that somebody else made. Nothing in such a worktree is changed, and it is trusted no more than one
 * that an agent has had: its `.git` and git's record of it are verified, and its work is reviewed and merged like an agent's.
 */
export class AdoptWorktree {
  readonly #options: AdoptWorktreeOptions;

  constructor(options: AdoptWorktreeOptions) {
    this.#options = options;
  }

  /** Worktrees of a project's repository that belong to no thread. Errors: those of the repository. */
  async list(project: Pick<Project, 'folder'>, signal?: AbortSignal): Promise<readonly ListedWorktree[]> {
    const { foreign, workspaces } = this.#options;
    const listed = await foreign.list(await workspaces.repository(project.folder), signal);
    const known = await this.#known();
    return listed
      .filter(({ path }) => !known.has(path))
      .map(found => {
        const other = [...known].find(path => isWithin(path, found.path) || isWithin(found.path, path));
        return other === undefined ? found : { problem: `it and the worktree ${other} lie in each other`, ...found };
      });
  }

  /**
   * The thread that a worktree became. It is open and has no run; whoever is asked to go on works in it.
   * Errors: `worktree.failed` (not adoptable, and why), `worktree.replaced`, `agent.unknown`, those of the repository.
   */
  async adopt(adoption: Adoption, signal: AbortSignal): Promise<ThreadView> {
    const { store, clock, ids } = this.#options;
    const agent = agentFor(adoption);
    const path = await this.#options.foreign.canonical(adoption.path);
    const found = (await this.list(adoption.project, signal)).find(listed => listed.path === path);
    if (found?.branch === undefined || found.problem !== undefined) {
      const other = 'it is no worktree of this repository, or a thread has it';
      throw notAdopted(path, found === undefined ? other : (found.problem ?? other));
    }
    const work = await this.#workIn(adoption, { path, branch: found.branch }, signal);
    const now = clock.now();
    const thread: Thread = {
      id: ids.next<'thread'>(),
      projectId: adoption.project.id,
      agent: agent.name,
      outcome: 'open',
      summary: summaryOf(found.branch),
      ...work,
      worktree: path,
      notes: ['This worktree was made by somebody else. Its branch stays when the worktree is removed.'],
      createdAt: now,
      updatedAt: now,
    };
    const preparation = await this.#options.preparer.adopted(thread.id);
    const known = await this.#known();
    return store.transact(stores => {
      // Somebody else may have asked for it meanwhile.
      if (known.has(path) || stores.threads.withWorktree().some(other => other.worktree === path))
        throw notAdopted(path, 'a thread has it by now');
      stores.threads.insert(thread);
      stores.preparations.save(preparation);
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, now);
      return findThread(stores, thread.id);
    });
  }

  /** What is known of it is found as after a run, but nothing is committed: a person may be in the middle of something. */
  async #workIn(
    { project, base }: Adoption,
    { path, branch }: { readonly path: string; readonly branch: string },
    signal: AbortSignal,
  ): Promise<Partial<Thread>> {
    const { workspaces, driver } = this.#options;
    const { root, branch: checkedOut } = await workspaces.repository(project.folder);
    const baseRef = base ?? branchOf(checkedOut);
    if (baseRef === branch) throw notAdopted(path, `its branch ${branch} is what its work would be compared with`);
    const { commonDir, registeredAs } = await driver.ensure({ repository: root, path, branch });
    const ref = { repository: root, path, branch, commonDir, registeredAs };
    const { head } = await driver.state(ref, baseRef ?? branch, signal);
    const baseCommit = await driver.comparison(ref, { head, target: baseRef, signal });
    const files = await driver.changes(ref, baseCommit, signal);
    return {
      repository: root,
      branch,
      ...(baseRef !== undefined && { baseRef }),
      baseCommit,
      commonDir,
      registeredAs,
      head,
      filesChanged: files.length,
      additions: files.reduce((sum, file) => sum + file.additions, 0),
      deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    };
  }

  /** Worktrees of threads, those that are being made, removed or brought back, and those that stand ready. */
  async #known(): Promise<ReadonlySet<string>> {
    const paths = this.#options.store.read(stores => [
      ...stores.threads.withWorktree().flatMap(({ worktree }) => worktree ?? []),
      ...stores.operations.list().map(({ worktree }) => worktree.path),
      ...stores.spares.list().map(({ path }) => path),
    ]);
    return new Set(await Promise.all(paths.map(path => this.#options.foreign.canonical(path))));
  }
}

function agentFor({ project, agent: name }: Adoption): AgentSpec {
  const { agents } = project.spec;
  const [only, ...others] = agents;
  const agent = name === undefined && others.length === 0 ? only : agents.find(each => each.name === name);
  if (agent) return agent;
  const known = agents.map(each => each.name);
  const text = name === undefined ? 'Say whose thread it becomes' : `There is no agent ${name} in ${project.file}`;
  throw new AppError('agent.unknown', `${text}: ${known.join(', ')}.`, { agent: name ?? '', known });
}

function isWithin(folder: string, place: string): boolean {
  return place.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function notAdopted(path: string, reason: string): AppError<'worktree.failed'> {
  return new AppError('worktree.failed', `The worktree ${path} cannot be adopted: ${reason}.`, { path, reason });
}
