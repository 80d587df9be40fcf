import type { Disposable } from '../../base/lifecycle.js';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { DomainEvent, RecordedEvent } from '../events/domainEvent.js';
import type { MergeStores } from '../merges/mergeStore.js';
import { isMergeActive } from '../merges/merge.js';
import { isRunActive, isUnderWay } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { PublishingStores, TopicService } from './topicService.js';

export type InternalTopicStores = PublishingStores & ThreadStores & RunStores & MergeStores;

/** Entries of the change feed that are looked at in one transaction. */
const atOnce = 200;
/** The place in the feed is written at least every so many entries, well before the feed forgets them. */
const rarely = 5_000;

interface Fact {
  readonly topic: string;
  readonly key: string;
  readonly payload: object;
}

/**
 * Makes events of what happens in the host: `muster.run.completed`, `muster.merge.merged`, `muster.thread.ready`,
 * `muster.project.applied` and their like. Made from the change feed, from a place in it that is stored with them, so that a
 * host that is killed neither forgets one nor tells it twice.
 *
 *   idle ──something committed──► reading the feed from where it was ──nothing new──► idle
 *
 * It publishes inside of commits, which ask for another round; {@link catchUp} makes it when the present one is through. A round
 * that fails is left to the next commit, {@link dispose} to the next host.
 */
export class InternalTopics implements Disposable {
  readonly #store: Store<InternalTopicStores>;
  readonly #topics: TopicService;
  readonly #log: Log;
  readonly #subscription: Disposable;
  #isPublishing = false;
  #again = false;
  /** Up to where this host has looked; what is stored may lie before it, and is looked at again by the next one. */
  #seen: number | undefined;
  #stored = 0;

  constructor(options: {
    readonly store: Store<InternalTopicStores>;
    readonly topics: TopicService;
    readonly log: Log;
  }) {
    this.#store = options.store;
    this.#topics = options.topics;
    this.#log = options.log;
    this.#subscription = this.#store.onDidCommit(events => {
      if (events.some(({ event }) => isTelling(event))) this.catchUp();
    });
  }

  dispose(): void {
    void this.#subscription.dispose();
  }

  /** Publishes what the feed has since the last time. A fact that cannot be written now is found again at the next. */
  catchUp(): void {
    // Publishing commits, which asks for the next round; it is made here and not on top of this one.
    this.#again = true;
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    try {
      while (this.#again) {
        this.#again = false;
        while (this.#publishSome());
      }
    } catch (error) {
      this.#log.warn('Internal events could not be published', { reason: errorMessage(error) });
    } finally {
      this.#isPublishing = false;
    }
  }

  /** True when there may be more. Most of what happens is nothing to publish, so that it is looked for without writing. */
  #publishSome(): boolean {
    const found = this.#store.read(stores => {
      const from = this.#seen ?? stores.topics.cursor();
      const entries = from === undefined ? 'gone' : stores.events.since(from, atOnce);
      if (entries === 'gone') return 'gone';
      return entries.map(entry => ({ entry, hasFacts: factsOf(stores, entry.event).length > 0 }));
    });
    if (found === 'gone') {
      // A new database, or one whose feed was cut: what happened before is nobody's news.
      this.#seen = this.#store.transact(stores => {
        stores.topics.moveCursor(stores.events.lastSequence());
        return stores.events.lastSequence();
      });
      return false;
    }
    const last = found.at(-1)?.entry.sequence;
    if (last === undefined) return false;
    if (found.some(({ hasFacts }) => hasFacts) || last - this.#stored > rarely) {
      this.#store.transact(stores => {
        for (const { entry, hasFacts } of found) if (hasFacts) this.#publish(stores, entry);
        stores.topics.moveCursor(last);
      });
      this.#stored = last;
    }
    this.#seen = last;
    return found.length === atOnce;
  }

  #publish(stores: InternalTopicStores, { event }: RecordedEvent): void {
    for (const { topic, key, payload } of factsOf(stores, event)) {
      const threadId = 'threadId' in event ? event.threadId : undefined;
      const view = threadId === undefined ? undefined : stores.threads.view(threadId);
      const parentId = threadId === undefined ? undefined : stores.schedules.causeOf(threadId);
      const projectId = event.kind === 'project_changed' ? event.projectId : view?.thread.projectId;
      const exists = parentId !== undefined && stores.topics.get(parentId) !== undefined;
      this.#topics.publishIn(stores, {
        topic,
        source: 'muster',
        payload: JSON.stringify(payload),
        projectId,
        idempotencyKey: key,
        ...(exists ? { parentId } : {}),
      });
    }
  }
}

function isTelling(event: DomainEvent): boolean {
  const { kind } = event;
  // That a run waits, starts and works is nobody's news, and somebody waits for it to begin.
  if (kind === 'run_changed') return !isUnderWay(event.status);
  return kind === 'merge_changed' || kind === 'thread_changed' || kind === 'project_changed';
}

function factsOf(stores: InternalTopicStores, event: DomainEvent): readonly Fact[] {
  // What happens to a part happens to its thread, which tells it.
  if ('threadId' in event && stores.parts.of(event.threadId)) return [];
  switch (event.kind) {
    case 'run_changed':
      return isUnderWay(event.status) ? [] : [...runFact(stores, event), ...threadFact(stores, event)];
    case 'thread_changed':
      return threadFact(stores, event);
    case 'merge_changed':
      return [...mergeFact(stores, event), ...threadFact(stores, event)];
    case 'project_changed':
      return projectFact(stores, event);
    case 'schedule_changed':
    case 'topic_published':
      return [];
  }
}

function runFact(
  stores: InternalTopicStores,
  { runId, threadId }: DomainEvent & { kind: 'run_changed' },
): readonly Fact[] {
  const run = stores.runs.get(runId);
  const view = stores.threads.view(threadId);
  if (!run || !view || isRunActive(run.status) || !run.settled) return [];
  const status = run.status === 'succeeded' ? 'completed' : run.status;
  const payload = {
    ...facts(view),
    run: run.id,
    agent: run.agent,
    status,
    answer: run.answer,
    error: run.error?.message,
  };
  return unlessTold(stores, { topic: `muster.run.${status}`, key: `run:${run.id}`, payload });
}

function mergeFact(
  stores: InternalTopicStores,
  { mergeId, threadId }: DomainEvent & { kind: 'merge_changed' },
): readonly Fact[] {
  const merge = stores.merges.get(mergeId);
  const view = stores.threads.view(threadId);
  if (!merge || !view || isMergeActive(merge.status)) return [];
  const { id, status, target, commit, message } = merge;
  const payload = { ...facts(view), merge: id, status, target, commit, message };
  return unlessTold(stores, { topic: `muster.merge.${status}`, key: `merge:${id}`, payload });
}

/** What of a thread asks for somebody; it is told once for each run and merge that led to it. */
function threadFact(
  stores: InternalTopicStores,
  { threadId }: DomainEvent & { threadId: ThreadView['thread']['id'] },
): readonly Fact[] {
  const view = stores.threads.view(threadId);
  const status = view && toldStatus(view);
  if (!view || status === undefined) return [];
  const { needs, latestRun, latestMerge } = view;
  const key = `thread:${threadId}:${status}:${latestRun?.id ?? ''}:${latestMerge?.id ?? ''}`;
  return unlessTold(stores, { topic: `muster.thread.${status}`, key, payload: { ...facts(view), status, needs } });
}

/** Whatever way a thread was closed by: `closed`, unless a person said that it failed. */
function toldStatus({ status, thread }: ThreadView): string | undefined {
  if (thread.outcome === 'failed') return 'failed';
  if (thread.outcome !== 'open') return 'closed';
  return status === 'ready' || status === 'needs_you' ? status : undefined;
}

function projectFact(
  stores: InternalTopicStores,
  { projectId }: DomainEvent & { kind: 'project_changed' },
): readonly Fact[] {
  const project = stores.projects.get(projectId);
  if (!project) return [];
  const { id, name, folder, revision, removedAt } = project;
  const status = removedAt === undefined ? 'applied' : 'removed';
  const payload = { project: id, project_name: name, folder, revision, status };
  return unlessTold(stores, {
    topic: `muster.project.${status}`,
    key: `project:${id}:${revision}:${removedAt ?? ''}`,
    payload,
  });
}

function unlessTold(stores: InternalTopicStores, fact: Fact): readonly Fact[] {
  return stores.topics.byKey(fact.topic, fact.key) ? [] : [fact];
}

function facts({ thread, projectName }: ThreadView) {
  const { id, agent, summary, branch, projectId } = thread;
  return { project: projectId, project_name: projectName, thread: id, thread_agent: agent, summary, branch };
}
