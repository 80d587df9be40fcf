import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { EventStores } from '../events/eventLog.js';
import type { Store } from '../store.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { KnownRepository, RepositoryPlace, RepositoryStores } from '../workspaces/knownRepository.js';
import type { RepositoryDriver } from '../workspaces/repositoryDriver.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import { worktreeOf, type WorkspaceService } from '../workspaces/workspaceService.js';
import type { Project } from './project.js';
import type { ProjectStores } from './projectStore.js';

type MoveStores = ProjectStores & ThreadStores & RescueStores & RepositoryStores & EventStores;

export interface MovedRepositoriesOptions {
  readonly store: Store<MoveStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly driver: RepositoryDriver;
  readonly workspaces: Pick<WorkspaceService, 'repository' | 'forget' | 'exclusive'>;
}

/** A repository that stands elsewhere than it did. */
export interface Move {
  readonly from: KnownRepository;
  readonly to: KnownRepository;
  /** It is the very directory; else a copy of one that is gone, in which a person agrees again to what its files ask for. */
  readonly same: boolean;
}

/**
 * Recognises repositories that were renamed or moved and takes their projects and threads along, when a person applies a
 * compose file in the new place. A directory is known by what the file system says of it. A copy counts only if the old place
 * is empty, and the copy has the threads' branches and rescues where the database says that they are. Neither can be had by
 * writing into some other repository.
 */
export class MovedRepositories {
  readonly #options: MovedRepositoriesOptions;

  constructor(options: MovedRepositoriesOptions) {
    this.#options = options;
  }

  /** Remembers the repository of a folder, so that it is recognised elsewhere. Never rejects. */
  async remember(folder: string): Promise<void> {
    const { store, log } = this.#options;
    try {
      const here = await this.#at(folder);
      if (here) store.transact(({ repositories }) => repositories.save(here));
    } catch (error) {
      log.debug('A repository is not remembered', { folder, reason: errorMessage(error) });
    }
  }

  /** Once at the start of a host: repositories of threads that an earlier version made. */
  async rememberAll(): Promise<void> {
    const { store } = this.#options;
    const unknown = store.read(({ threads, repositories }) => {
      const known = new Set(repositories.list().map(({ root }) => root));
      return threads.repositories().filter(root => !known.has(root));
    });
    for (const root of unknown) await this.remember(root);
  }

  /** The move after which a known repository is at this folder; undefined when none is, or nothing is known of it. */
  async find(folder: string): Promise<Move | undefined> {
    const { store, driver, workspaces, log } = this.#options;
    // The folder may have been another repository's a moment ago.
    workspaces.forget(folder);
    try {
      const to = await this.#at(folder);
      if (!to) return undefined;
      for (const from of store.read(({ repositories }) => repositories.list())) {
        if (from.commonDir === to.commonDir || (await driver.identity(from.commonDir)) !== undefined) continue;
        if (from.identity === to.identity) return { from, to, same: true };
        if ((await driver.isGone(from)) && (await this.#isCopy(from, to))) return { from, to, same: false };
      }
    } catch (error) {
      log.debug('No repository is looked for', { folder, reason: errorMessage(error) });
    }
    return undefined;
  }

  /** The project of this file as it is after a move: one that was not applied there yet. */
  moved(move: Move, file: string): Project | undefined {
    const { store } = this.#options;
    return store.read(stores => projectsIn(stores, move.from).find(each => inNewPlace(each, move).file === file));
  }

  /** Writes down that everything is in the new place, and ties worktrees to it. Answers how many threads came along. */
  async takeAlong(move: Move): Promise<number> {
    const { store, clock, workspaces } = this.#options;
    const { from, to } = move;
    const threads = store.transact(stores => {
      for (const project of projectsIn(stores, from)) this.#moveProject(stores, project, move);
      const moved = stores.repositories.move(from, to);
      for (const threadId of moved) stores.events.append({ kind: 'thread_changed', threadId }, clock.now());
      return moved;
    });
    workspaces.forget(from.root);
    await Promise.all(threads.map(id => workspaces.exclusive(id, () => this.#follow(id, from))));
    return threads.length;
  }

  async #at(folder: string): Promise<KnownRepository | undefined> {
    const { workspaces, driver } = this.#options;
    const { root, commonDir } = await workspaces.repository(folder);
    const identity = await driver.identity(commonDir);
    return identity === undefined ? undefined : { root, commonDir, identity };
  }

  async #isCopy(from: RepositoryPlace, to: RepositoryPlace): Promise<boolean> {
    const { store, driver } = this.#options;
    const refs = store.read(stores =>
      stores.threads
        .inRepository(from)
        .flatMap(({ id, worktree, branch, head }) => [
          ...(worktree === undefined || branch === undefined || head === undefined
            ? []
            : [{ ref: `refs/heads/${branch}`, commit: head }]),
          ...stores.rescues.ofThread(id).flatMap(({ ref, commit }) => (commit === '' ? [] : [{ ref, commit }])),
        ]),
    );
    return refs.length > 0 && (await driver.has(to, refs)) > 0;
  }

  #moveProject(stores: MoveStores, project: Project, move: Move): void {
    const { clock } = this.#options;
    const moved = inNewPlace(project, move);
    const there = stores.projects.byFile(moved.file);
    if (there) {
      // Applied in the new place before the repository was recognised.
      stores.threads.reassign(project.id, there.id);
      stores.projects.save({ ...project, removedAt: clock.now() });
      stores.events.append({ kind: 'project_changed', projectId: there.id }, clock.now());
    } else stores.projects.save(moved);
    stores.events.append({ kind: 'project_changed', projectId: project.id }, clock.now());
  }

  /** What fails here is what `muster worktrees repair` does, and the thread says so. */
  async #follow(id: ThreadId, from: KnownRepository): Promise<void> {
    const { store, driver, log } = this.#options;
    const thread = store.read(stores => stores.threads.get(id));
    const ref = thread && worktreeOf(thread);
    if (!ref) return;
    try {
      await driver.follow(ref, from.commonDir);
    } catch (error) {
      log.warn('A worktree does not know the new place of its repository', { thread: id, reason: errorMessage(error) });
    }
  }
}

/** Projects whose folder is in a repository's checkout. */
function projectsIn({ projects }: ProjectStores, { root }: RepositoryPlace): readonly Project[] {
  return projects.list().filter(({ folder }) => folder === root || folder.startsWith(`${root}/`));
}

function inNewPlace(project: Project, { from, to, same }: Move): Project {
  const at = (path: string): string => `${to.root}${path.slice(from.root.length)}`;
  const { consent, ...rest } = project;
  const moved = { ...rest, folder: at(project.folder), file: at(project.file) };
  return same && consent !== undefined ? { ...moved, consent } : moved;
}
