import { errorMessage } from '../../base/errors.js';
import type { ProjectId, RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { HookEvent, HookSpec } from '../../compose/projectSpec.js';
import type { RecordedEvent } from '../events/domainEvent.js';
import { isConsented } from '../projects/consent.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { TopicStores } from '../topics/topicEvent.js';

/** Port: runs the program of a hook to its end. Errors: whatever keeps it from ending well. */
export interface HookRunner {
  run(hook: HookSpec, more: { readonly project: Project; readonly input: string }, signal: AbortSignal): Promise<void>;
}

type Payload = Readonly<Record<string, unknown>>;

/** Programs that wait for their turn, of all projects; more are left out and said so. */
const mostWaiting = 1_000;

/**
 * Starts the programs of a compose file when something happens, whoever caused it: person, schedule or agent. They hear of what
 * the host publishes about itself (`core/topics/internalTopics.ts`), so that a killed host neither forgets an end nor tells it
 * twice; the start of a run is told by the host that saw it. What they do changes nothing.
 *
 *   heard ──consent and filter fit──► waiting (one chain of promises a project) ──its turn──► running ──► ended | failed (logged)
 *   heard ──1,000 wait already──► left out (logged)
 *
 * {@link dispose} ends the one that runs and leaves out those that wait.
 */
export class HookService implements Disposable {
  readonly #store: Store<TopicStores & ProjectStores & ThreadStores & RunStores>;
  readonly #log: Log;
  readonly #runner: HookRunner;
  readonly #subscription: Disposable;
  readonly #leaving = new AbortController();
  /** Runs whose start was told. */
  readonly #started = new Set<RunId>();
  readonly #queues = new Map<ProjectId, Promise<void>>();
  #waiting = 0;

  constructor(options: {
    readonly store: Store<TopicStores & ProjectStores & ThreadStores & RunStores>;
    readonly log: Log;
    readonly runner: HookRunner;
  }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#runner = options.runner;
    // Of those that work already an earlier host told.
    for (const { run } of this.#store.read(stores => stores.runs.active()))
      if (run.startedAt !== undefined) this.#started.add(run.id);
    this.#subscription = this.#store.onDidCommit(events => events.forEach(event => this.#hear(event)));
  }

  async dispose(): Promise<void> {
    void this.#subscription.dispose();
    this.#leaving.abort();
    await Promise.all(this.#queues.values());
  }

  #hear({ event, at }: RecordedEvent): void {
    if (event.kind === 'run_changed') this.#hearRun(event.runId, event.status, at);
    if (event.kind !== 'topic_published') return;
    const [published] = this.#store.read(stores => stores.topics.list({ after: event.sequence - 1, limit: 1 }));
    const hook = published?.source === 'muster' ? eventOf(published.topic) : undefined;
    if (hook === undefined || published?.projectId === undefined) return;
    this.#fire(published.projectId, hook, { ...parsePayload(published.payload), at: iso(published.createdAt) });
  }

  #hearRun(id: RunId, status: string, at: number): void {
    if (status !== 'running') {
      if (status !== 'waiting') this.#started.delete(id);
      return;
    }
    if (this.#started.has(id)) return;
    this.#started.add(id);
    const found = this.#store.read(stores => {
      const run = stores.runs.get(id);
      const view = run && stores.threads.view(run.threadId);
      return run && view ? { run, view } : undefined;
    });
    if (!found) return;
    const { run, view } = found;
    const { id: thread, projectId: project, agent, summary, branch } = view.thread;
    this.#fire(project, 'run_started', {
      ...{ project, project_name: view.projectName, thread, thread_agent: agent, summary, branch },
      ...{ run: run.id, agent: run.agent, status, at: iso(at) },
    });
  }

  #fire(projectId: ProjectId, event: HookEvent, payload: Payload): void {
    const project = this.#store.read(stores => stores.projects.get(projectId));
    if (!project || project.removedAt !== undefined || !isConsented(project.spec, project.consent)) return;
    const told: Payload = { event, ...payload };
    for (const hook of project.spec.hooks.filter(each => each.event === event && passes(each, told))) {
      if (this.#waiting >= mostWaiting) {
        this.#log.warn('A hook was left out: too many wait', { project: project.name, event, command: hook.command });
        continue;
      }
      this.#waiting++;
      const before = this.#queues.get(projectId) ?? Promise.resolve();
      const done = before.then(() => this.#run(project, hook, JSON.stringify(told)));
      this.#queues.set(projectId, done);
      void done.finally(() => {
        this.#waiting--;
        if (this.#queues.get(projectId) === done) this.#queues.delete(projectId);
      });
    }
  }

  /** Never rejects. */
  async #run(project: Project, hook: HookSpec, input: string): Promise<void> {
    if (this.#leaving.signal.aborted) return;
    try {
      await this.#runner.run(hook, { project, input }, this.#leaving.signal);
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      const { event, command } = hook;
      this.#log.warn('A hook failed', { project: project.name, event, command, reason: errorMessage(error) });
    }
  }
}

/** Which hooks hear of a topic that the host published. */
function eventOf(topic: string): HookEvent | undefined {
  if (topic.startsWith('muster.run.')) return 'run_finished';
  if (topic.startsWith('muster.merge.')) return 'merge_finished';
  if (topic === 'muster.thread.failed') return 'thread_failed';
  return topic === 'muster.thread.closed' ? 'thread_closed' : undefined;
}

/** Every field of the filter has exactly this text; one that is missing does not. */
function passes({ filter }: HookSpec, payload: Payload): boolean {
  const fields = new Map(Object.entries(payload));
  return filter.every(({ name, value }) => fields.has(name) && textOf(fields.get(name)) === value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function parsePayload(text: string): Payload {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
