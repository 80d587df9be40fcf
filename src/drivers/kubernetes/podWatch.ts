import { Watch, type V1Pod } from '@kubernetes/client-node';
import { deferred, untilAborted, type Deferred } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import { isId, type RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import { fieldOf, recordField, textField } from '../../base/unknownFields.js';
import type { KubernetesCluster } from './kubernetesCluster.js';
import { JobRefusals } from './jobRefusals.js';
import { labels } from './runJob.js';

/** Before an API server that does not answer is asked again. */
const againMs = 1_000;
/** A server that closes each watch at once is not asked without a pause. */
const pauseMs = 100;

export interface PodWatchOptions {
  readonly cluster: KubernetesCluster;
  /** Whose pods. */
  readonly state: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * All pods of a state directory, as the cluster tells of them: one stream for all of them, however many there are. What is known stays
 * known while the server is away.
 */
export class PodWatch implements Disposable {
  readonly #options: PodWatchOptions;
  readonly #pods = new Map<RunId, V1Pod>();
  /** Who waits for news of which run: a thousand others need not hear of each. */
  readonly #waiting = new Map<RunId, Set<() => void>>();
  readonly #ending = new AbortController();
  /** Of Jobs that have no pod yet. */
  readonly refusals: JobRefusals;
  #listed: Deferred<void> = deferred();
  #isRunning = false;
  /** Why nobody answered, the last time. */
  #trouble: string | undefined;

  constructor(options: PodWatchOptions) {
    this.#options = options;
    this.refusals = new JobRefusals(options.cluster, options.clock);
  }

  /** Resolves when all pods are known. Errors: those of the first look. */
  async begin(): Promise<void> {
    if (this.#isRunning) return await this.#listed.promise;
    this.#isRunning = true;
    try {
      const version = await this.#list();
      this.#listed.resolve();
      void this.#follow(version);
    } catch (error) {
      this.#isRunning = false;
      this.#listed.reject(error);
      this.#listed.promise.catch(() => undefined);
      this.#listed = deferred();
      throw error;
    }
  }

  podOf(run: RunId): V1Pod | undefined {
    return this.#pods.get(run);
  }

  all(): readonly (readonly [RunId, V1Pod])[] {
    return [...this.#pods];
  }

  /** Until anything about the pod of a run is another, or for as long as that. Errors: the signal's reason. */
  async untilChanged(run: RunId, signal: AbortSignal, atMostMs: number): Promise<void> {
    const changed = deferred<void>();
    const others = this.#waiting.get(run) ?? new Set();
    const wake = (): void => changed.resolve();
    this.#waiting.set(run, others.add(wake));
    const over = new AbortController();
    const ended = AbortSignal.any([signal, over.signal]);
    const pause = this.#options.clock.sleep(atMostMs, ended);
    pause.catch(() => undefined);
    try {
      await untilAborted(Promise.race([changed.promise, pause]), signal);
    } finally {
      over.abort();
      others.delete(wake);
      if (others.size === 0 && this.#waiting.get(run) === others) this.#waiting.delete(run);
    }
  }

  dispose(): void {
    this.#ending.abort();
  }

  async #follow(since: string): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#ending;
    let version: string | undefined = since;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version);
        this.#trouble = undefined;
        await clock.sleep(pauseMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        version = undefined;
        const reason = errorMessage(error);
        if (reason !== this.#trouble) log.warn('The pods of a cluster cannot be seen', { reason });
        this.#trouble = reason;
        // Its own end is looked at above.
        await clock.sleep(againMs, signal).catch(() => undefined);
      }
    }
  }

  async #list(): Promise<string> {
    const { cluster } = this.#options;
    const { namespace } = cluster;
    const { items, metadata } = await cluster.call(() =>
      cluster.core.listNamespacedPod({ namespace, labelSelector: this.#selector }),
    );
    this.#pods.clear();
    for (const pod of items) this.#take(pod);
    for (const run of this.#waiting.keys()) this.#tell(run);
    return metadata?.resourceVersion ?? '';
  }

  /** Until the connection ends; gives back where the next one goes on. Errors: what the server refuses. */
  async #watch(from: string): Promise<string | undefined> {
    const { cluster } = this.#options;
    const ended = deferred<void>();
    let version: string | undefined = from;
    const query = { labelSelector: this.#selector, resourceVersion: from, allowWatchBookmarks: true };
    const path = `/api/v1/namespaces/${cluster.namespace}/pods`;
    const request = await new Watch(cluster.config).watch(
      path,
      query,
      (phase: string, object: unknown) => {
        if (phase === 'ERROR') version = undefined;
        else if (version !== undefined) version = this.#heard(phase, object) ?? version;
      },
      (error: unknown) => {
        // Nothing happened for a while: where it stopped is where it goes on.
        if (error instanceof Error && error.name !== 'TimeoutError') ended.reject(error);
        else ended.resolve();
      },
    );
    const stop = (): void => request.abort();
    this.#ending.signal.addEventListener('abort', stop, { once: true });
    try {
      if (this.#ending.signal.aborted) stop();
      await ended.promise;
      return version;
    } finally {
      this.#ending.signal.removeEventListener('abort', stop);
    }
  }

  #heard(phase: string, object: unknown): string | undefined {
    const metadata = recordField(object, 'metadata');
    if (phase === 'DELETED') {
      const run = runOf(textField(fieldOf(metadata, 'labels'), labels.run));
      const known = run && this.#pods.get(run);
      // An earlier pod of the same name is not the one that is there.
      if (run && known?.metadata?.uid === textField(metadata, 'uid')) this.#pods.delete(run);
      if (run) this.#tell(run);
    } else if (phase !== 'BOOKMARK' && isPod(object)) this.#take(object);
    return textField(metadata, 'resourceVersion') || undefined;
  }

  #take(pod: V1Pod): void {
    const run = runOf(pod.metadata?.labels?.[labels.run]);
    if (!run) return;
    // Who wrote which field is longer than all that is looked at.
    if (pod.metadata) pod.metadata.managedFields = undefined;
    this.#pods.set(run, pod);
    this.#tell(run);
  }

  #tell(run: RunId): void {
    for (const resolve of this.#waiting.get(run) ?? []) resolve();
  }

  get #selector(): string {
    return `${labels.state}=${this.#options.state}`;
  }
}

function runOf(text: string | undefined): RunId | undefined {
  return text !== undefined && isId<'run'>(text) ? text : undefined;
}

/** As far as it is looked at; dates are texts here, which nobody reads. */
function isPod(object: unknown): object is V1Pod {
  return recordField(object, 'metadata') !== undefined && recordField(object, 'spec') !== undefined;
}
