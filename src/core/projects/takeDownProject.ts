import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { ThreadService } from '../threads/threadService.js';
import type { Applied, ProjectReference, ProjectService } from './projectService.js';

/** What became of one thread that worked for the project. */
export interface StoppedThread {
  readonly thread: ThreadId;
  readonly summary: string;
  /** Why it could not be stopped. */
  readonly failure?: string;
}

export interface TakenDown extends Applied {
  readonly stopped: readonly StoppedThread[];
}

/** Taking a project down: no agent of it takes tasks any more, and what works for it ends. Errors: `project.unknown`. */
export class TakeDownProject {
  readonly #store: Store<RunStores>;
  readonly #projects: ProjectService;
  readonly #threads: Pick<ThreadService, 'cancel'>;

  constructor(options: {
    readonly store: Store<RunStores>;
    readonly projects: ProjectService;
    readonly threads: Pick<ThreadService, 'cancel'>;
  }) {
    this.#store = options.store;
    this.#projects = options.projects;
    this.#threads = options.threads;
  }

  async takeDown(reference: ProjectReference): Promise<TakenDown> {
    // Removed first, so that nothing new starts while the old is being stopped.
    const removed = this.#projects.remove(reference);
    const working = this.#store.read(stores => [...stores.runs.active(), ...stores.runs.queued()]);
    const ofProject = working.filter(({ projectId }) => projectId === removed.project.id);
    const ids = [...new Set(ofProject.map(({ run }) => run.threadId))];
    return { ...removed, stopped: await Promise.all(ids.map(id => this.#stop(id))) };
  }

  async #stop(id: ThreadId): Promise<StoppedThread> {
    try {
      const { thread } = await this.#threads.cancel(id);
      return { thread: id, summary: thread.summary };
    } catch (error) {
      return { thread: id, summary: id, failure: errorMessage(error) };
    }
  }
}
