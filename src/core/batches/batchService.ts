import { AppError, errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { DispatchService, Dispatch, Dispatched } from '../threads/dispatchService.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadService } from '../threads/threadService.js';
import type { Store } from '../store.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import { inOrder, requireBatchName, type BatchStores } from './batch.js';

/** One task of a batch; `dependsOn` names keys of the same batch. */
export interface BatchTask {
  readonly key: string;
  readonly dependsOn: readonly string[];
  readonly dispatch: Omit<Dispatch, 'batch' | 'dependsOn' | 'idempotencyKey'>;
}

/** One transaction gives them all, which takes a fraction of a second. */
const maxTasks = 200;

/** Several tasks under one name. */
export class BatchService {
  readonly #store: Store<BatchStores & ThreadStores & MessageStores>;
  readonly #dispatcher: Pick<DispatchService, 'check' | 'dispatch'>;
  readonly #threads: Pick<ThreadService, 'abandon'>;

  constructor(options: {
    readonly store: Store<BatchStores & ThreadStores & MessageStores>;
    readonly dispatcher: Pick<DispatchService, 'check' | 'dispatch'>;
    readonly threads: Pick<ThreadService, 'abandon'>;
  }) {
    this.#store = options.store;
    this.#dispatcher = options.dispatcher;
    this.#threads = options.threads;
  }

  /**
   * Dispatches every task, each after those that it depends on; none when one of them could not be. Asked again with the same
   * name and keys it makes what is missing and nothing twice. Errors: `request.invalid`, those of a dispatch.
   */
  async create(name: string, tasks: readonly BatchTask[]): Promise<ReadonlyMap<string, Dispatched>> {
    requireBatchName(name);
    const byKey = new Map(tasks.map(task => [task.key, task]));
    requireTasks(tasks, byKey);
    const sorted = inOrder(new Map(tasks.map(({ key, dependsOn }) => [key, dependsOn])));
    if ('circle' in sorted) {
      const circle = sorted.circle.join(' → ');
      throw invalid(
        'depends_on',
        `The tasks wait for each other in a circle: ${circle}. None of them could ever start.`,
      );
    }
    for (const { dispatch } of tasks) await this.#dispatcher.check(dispatch);
    const made = new Map<string, Dispatched>();
    for (const key of sorted.order) {
      const task = byKey.get(key);
      if (!task) continue;
      const dependsOn = task.dependsOn.flatMap(before => made.get(before)?.thread.id ?? []);
      const idempotencyKey = `batch/${task.dispatch.project.id}/${name}/${key}`;
      made.set(key, await this.#dispatcher.dispatch({ ...task.dispatch, batch: name, dependsOn, idempotencyKey }));
    }
    return made;
  }

  /** The threads of a batch, oldest first. Errors: `request.invalid` for one that there is not. */
  threads(name: string): readonly ThreadView[] {
    const found = this.#store.read(stores => stores.batches.threads(name).flatMap(id => stores.threads.view(id) ?? []));
    if (found.length > 0) return found;
    const known = this.#store.read(stores => stores.batches.names()).slice(0, 10);
    const list = known.length === 0 ? 'There are none.' : `There are: ${known.join(', ')}.`;
    throw invalid('batch', `There is no batch ${JSON.stringify(name.slice(0, 100))}. ${list}`);
  }

  /** Abandons what is open of it. Those that cannot be are told, and the others are abandoned all the same. */
  async abandon(name: string): Promise<Abandoned> {
    return await this.#abandonOpen(this.threads(name));
  }

  /**
   * Keeps one of several attempts at the same task and abandons the others, at work or not; each can be restored. Attempts are the threads
   * of a batch that began with the same words: those with another task are nobody's attempt. What landed stays.
   * Errors: `request.invalid` when it is the only one, those of a thread that there is not.
   */
  async keep(id: string): Promise<Abandoned & { readonly kept: ThreadView }> {
    const { kept, others } = this.#store.read(stores => {
      const found = findThread(stores, id);
      const batch = stores.batches.of(found.thread.id);
      const task = taskOf(stores, found.thread.id);
      const same = (batch === undefined ? [] : stores.batches.threads(batch)).filter(
        other => other !== found.thread.id && task !== undefined && taskOf(stores, other) === task,
      );
      return { kept: found, others: same.flatMap(other => stores.threads.view(other) ?? []) };
    });
    if (others.length === 0) throw invalid('thread', `Thread ${kept.thread.id} is the only attempt at its task.`);
    return { kept, ...(await this.#abandonOpen(others)) };
  }

  async #abandonOpen(threads: readonly ThreadView[]): Promise<Abandoned> {
    const abandoned: ThreadId[] = [];
    const failed: Failure[] = [];
    for (const { thread } of threads.filter(view => view.thread.outcome === 'open')) {
      try {
        await this.#threads.abandon(thread.id);
        abandoned.push(thread.id);
      } catch (error) {
        failed.push({ threadId: thread.id, reason: errorMessage(error) });
      }
    }
    return { abandoned, failed };
  }
}

/** What a thread began with. */
function taskOf({ messages }: MessageStores, thread: ThreadId): string | undefined {
  return messages.ofThread(thread)[0]?.body;
}

interface Abandoned {
  readonly abandoned: readonly ThreadId[];
  readonly failed: readonly Failure[];
}

interface Failure {
  readonly threadId: ThreadId;
  readonly reason: string;
}

function requireTasks(tasks: readonly BatchTask[], byKey: ReadonlyMap<string, BatchTask>): void {
  if (tasks.length === 0) throw invalid('tasks', 'The batch has no tasks.');
  if (tasks.length > maxTasks)
    throw invalid('tasks', `A batch has at most ${maxTasks} tasks; this has ${tasks.length}.`);
  const twice = tasks.find((task, index) => tasks.findIndex(({ key }) => key === task.key) !== index);
  if (twice) throw invalid('tasks', `Two tasks are called ${JSON.stringify(twice.key)}.`);
  for (const { key, dependsOn } of tasks) {
    const missing = dependsOn.find(before => !byKey.has(before));
    if (missing !== undefined)
      throw invalid(
        'depends_on',
        `Task ${JSON.stringify(key)} depends on ${JSON.stringify(missing)}, which is no task of the batch.`,
      );
  }
}

function invalid(field: string, message: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', message, { field, reason: 'invalid batch' });
}
