import { KeyedQueue, untilAborted } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { RescueStores } from './rescueStore.js';
import { pinShared, type SharedStateStores } from './pinnedState.js';
import type { SpareStores } from './spareWorktree.js';
import type { WarmPool } from './warmPool.js';
import type {
  CarriedChanges,
  CreatedWorktree,
  CreateWorktree,
  RepositoryInfo,
  WorktreeDriver,
  WorktreeRef,
} from './worktreeDriver.js';
import { worktreeName } from './worktreeName.js';

export interface PreparedWorkspace {
  /** Where the agent's process starts. */
  readonly cwd: string;
  /** The thread with its worktree filled in. */
  readonly thread: Thread;
  /** Its worktree was made just now. */
  readonly isNew: boolean;
  /** What it has of other repositories. */
  readonly parts: readonly PreparedPart[];
}

/** A workspace in another repository; see {@link PreparedWorkspace}. */
export interface PreparedPart {
  readonly name: string;
  readonly cwd: string;
  readonly thread: Thread;
}

/** Gives each thread the files it works on. An agent never falls back to the user's checkout. */
export class WorkspaceService {
  readonly #driver: WorktreeDriver;
  readonly #store: Store<RescueStores & SharedStateStores & ThreadStores & SpareStores>;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #worktreesDir: string;
  readonly #branchPrefix: string | undefined;
  readonly #warm: WarmPool | undefined;
  readonly #perThread = new KeyedQueue();
  /** What `inspect` found, by folder: a dispatch must not pay for a git process to learn the same thing again. */
  readonly #repositories = new Map<string, Promise<RepositoryInfo>>();

  constructor(options: {
    readonly driver: WorktreeDriver;
    readonly store: Store<RescueStores & SharedStateStores & ThreadStores & SpareStores>;
    readonly clock: Clock;
    readonly log: Log;
    readonly worktreesDir: string;
    /** Of branches of agents whose file names none. Default: `muster/`. */
    readonly branchPrefix?: string | undefined;
    /** Worktrees that stand ready. Default: none. */
    readonly warm?: WarmPool;
  }) {
    this.#driver = options.driver;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#worktreesDir = options.worktreesDir;
    this.#branchPrefix = options.branchPrefix;
    this.#warm = options.warm;
  }

  /**
   * The repository of a project's folder. Found once per host; a failure is not kept.
   * Errors: `git.missing`, `git.tooOld`, `git.notRepository`, `git.emptyRepository`.
   */
  repository(folder: string): Promise<RepositoryInfo> {
    const known = this.#repositories.get(folder);
    if (known) return known;
    const found = this.#driver.inspect(folder);
    this.#repositories.set(folder, found);
    found.catch(() => this.#repositories.delete(folder));
    return found;
  }

  /** One thing at a time happens to a thread's files: they are made, removed or brought back. */
  exclusive<T>(thread: Thread['id'], work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#perThread.run(thread, work, signal);
  }

  /** Forgets what was found, for a folder that may have changed (it was removed, or made a repository). */
  forget(folder: string): void {
    this.#repositories.delete(folder);
  }

  /** How the branches of an agent's threads begin; undefined: as everywhere. */
  branchPrefix(agent: AgentSpec | undefined): string | undefined {
    const own = agent?.workspace.provider === 'worktree' ? agent.workspace.branchPrefix : undefined;
    return own ?? this.#branchPrefix;
  }

  /**
   * Where the thread's worktree is or will be: outside the repository, its last segment readable in window titles. Those of other
   * repositories stand beside it, under their names.
   */
  pathOf(thread: Thread): string {
    const part = this.#store.read(stores => stores.parts.of(thread.id));
    if (part) return `${this.#worktreesDir}/${part.whole}/${part.name}`;
    return `${this.#worktreesDir}/${thread.id}/${worktreeName({ summary: thread.summary, id: thread.id }).directory}`;
  }

  /** Whether we made the worktree at this path; adopted ones stand wherever their makers put them. */
  isOurs(path: string): boolean {
    return path.startsWith(`${this.#worktreesDir}/`);
  }

  /**
   * The thread's workspace, made when it has none yet. That it is being made is written down first, and erased by whoever
   * writes down the thread with its worktree.
   * Errors: those of {@link repository}, `git.noBase`, `worktree.failed`, `worktree.missing`,
   * `worktree.replaced`.
   */
  async prepare(thread: Thread, project: Project, agent: AgentSpec, signal: AbortSignal): Promise<PreparedWorkspace> {
    if (agent.workspace.provider === 'shared') return { cwd: project.folder, thread, isNew: false, parts: [] };
    const onThread = agent.workspace.provider === 'thread' && thread.worktree !== undefined;
    if (agent.workspace.provider !== 'worktree' && !onThread) {
      throw new AppError(
        'request.invalid',
        `Agent ${agent.name} asks for a ${agent.workspace.provider} workspace, which this version does not run ${agent.workspace.provider === 'thread' ? 'on a thread of its own; it is for agents that others hand off to' : 'yet'}. Use workspace.provider: worktree or shared.`,
        { field: `agents.${agent.name}.workspace.provider`, reason: 'not supported yet' },
      );
    }
    const repository = await untilAborted(this.repository(project.folder), signal);
    const ref = worktreeOf(thread);
    if (ref) {
      const { commonDir, registeredAs, madeAgain } = await untilAborted(this.#driver.ensure(ref), signal);
      const cwd = inWorktree(ref.path, repository.prefix);
      return { cwd, thread: { ...thread, commonDir, registeredAs }, isNew: madeAgain, parts: [] };
    }
    const { base: usualBase, fetch, files: bring } = agent.workspace.provider === 'worktree' ? agent.workspace : {};
    const prefix = this.branchPrefix(agent);
    // One name in all of a thread's repositories.
    const id = this.#store.read(stores => stores.parts.of(thread.id))?.whole ?? thread.id;
    const name = worktreeName({ summary: thread.summary, id, ...defined({ prefix }) });
    const path = this.pathOf(thread);
    const base = thread.requestedBase ?? usualBase;
    const worktree = { repository: repository.root, path, branch: name.branch };
    const { carried } = thread;
    const request = { ...worktree, folder: repository.prefix, ...defined({ base, fetch, bring, carried }) };
    const created = await this.#written(thread.id, request, signal);
    return {
      isNew: true,
      parts: [],
      cwd: inWorktree(path, repository.prefix),
      thread: {
        ...thread,
        repository: repository.root,
        branch: created.branch,
        notes: [...created.notes, ...(carried === undefined ? [] : [carriedNote])],
        baseRef: created.baseRef,
        baseCommit: created.baseCommit,
        worktree: path,
        head: created.head,
        commonDir: created.commonDir,
        registeredAs: created.registeredAs,
      },
    };
  }

  /** Makes a commit of what the person has not committed in a project's folder; see {@link WorktreeDriver.carry}. */
  async carry(project: Project, base: string | undefined): Promise<CarriedChanges | undefined> {
    const { root, commonDir } = await this.repository(project.folder);
    return await this.#driver.carry({ repository: root, commonDir }, base);
  }

  /** Notes what the thread's next run shares with the person. Never rejects. */
  async pinShared(thread: Thread): Promise<void> {
    const ref = worktreeOf(thread);
    if (ref) await pinShared({ store: this.#store, driver: this.#driver, log: this.#log }, thread.id, ref);
  }

  /** Makes a worktree that undoes itself when it fails. */
  async #written(thread: Thread['id'], request: CreateWorktree, signal: AbortSignal): Promise<CreatedWorktree> {
    const startedAt = this.#clock.now();
    const { repository, path, branch } = request;
    const spare = this.#store.transact(stores => {
      stores.operations.save({ kind: 'create', thread, worktree: { repository, path, branch }, startedAt });
      // None stands ready at what somebody has not committed.
      return request.carried === undefined ? this.#warm?.claim(stores, request) : undefined;
    });
    let created: CreatedWorktree | undefined;
    try {
      created = await this.#driver.create({ ...request, ...defined({ spare }) }, signal);
      return created;
    } catch (error) {
      this.#store.transact(({ operations }) => operations.end(thread));
      throw error;
    } finally {
      this.#warm?.settle(request, spare, created);
    }
  }
}

/** Said of a thread that began with uncommitted changes of the person. */
const carriedNote =
  'Your uncommitted changes were taken along. They are not part of this thread: a merge leaves them where they are, in your checkout.';

/** The thread's worktree, when it has one now. */
export function worktreeOf(thread: Thread): WorktreeRef | undefined {
  const { repository, worktree, branch, commonDir, registeredAs } = thread;
  return repository && worktree && branch
    ? { repository, path: worktree, branch, ...defined({ commonDir, registeredAs }) }
    : undefined;
}

/** A compose file in a sub-folder of the repository: its agents start in the same sub-folder of the worktree. */
function inWorktree(path: string, prefix: string): string {
  return prefix === '' ? path : `${path}/${prefix}`;
}
