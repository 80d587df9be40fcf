import { untilAborted } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { IdSource, RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { AgentCommand, Provider } from '../agents/provider.js';
import type { ProviderRegistries } from '../agents/providerRegistries.js';
import { person } from '../messages/message.js';
import { commitSurely } from '../commitSurely.js';
import { permissionsOf, requireDriver, type Project } from '../projects/project.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { PreparedWorkspace, WorkspaceService } from '../workspaces/workspaceService.js';
import type { Run } from './run.js';
import type { RunDirectory } from './runDirectory.js';
import { concludingDigest, emptyDigest } from './runDigest.js';
import type { CommandPlaceholders, RunEnvironment } from './runEnvironment.js';
import { RunRecorder } from './runRecorder.js';
import type { RunEnd, RunLimits, RunListener, RunSupervisor } from './runSupervisor.js';
import { adoptRun, endRun, requeueRun, startRun } from './runTransitions.js';

/** Wall-clock limit of a run without `timeout`: ten hours, as long as agent-compose's. */
const defaultTimeoutMs = 36_000_000;
/** Between SIGTERM and SIGKILL. */
const graceMs = 5_000;

export interface RunExecutorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly providers: ProviderRegistries;
  readonly workspaces: WorkspaceService;
  readonly directory: RunDirectory;
  readonly supervisor: RunSupervisor;
  readonly environment: RunEnvironment;
  readonly placeholders: CommandPlaceholders;
  /** Called after a run's end is committed. */
  readonly onEnded: (run: Run) => void;
}

interface Subject {
  readonly project: Project;
  readonly agent: AgentSpec;
  readonly provider: Provider;
  readonly thread: Thread;
  readonly prompt: string;
}

/** A run whose process does not exist yet. */
interface Preparation {
  /** Aborted when the run is cancelled or the host ends. */
  readonly abort: AbortController;
  /** Resolves when its process is somebody's to watch, or will never be. Never rejects. */
  readonly over: Promise<void>;
}

/** Takes a claimed run from `starting` to its end: workspace, command line, process, digest, conclusion. */
export class RunExecutor implements Disposable {
  readonly #options: RunExecutorOptions;
  readonly #preparing = new Map<RunId, Preparation>();
  readonly #leaving = new AbortController();
  readonly #hostEnds = new AppError('cancelled', 'The host ends.', {});

  constructor(options: RunExecutorOptions) {
    this.#options = options;
  }

  /** Takes over a claimed run; returns at once. */
  execute(run: Run): void {
    const abort = new AbortController();
    if (this.#leaving.signal.aborted) abort.abort(this.#hostEnds);
    const over = this.#start(run, abort.signal).finally(() => this.#preparing.delete(run.id));
    this.#preparing.set(run.id, { abort, over });
  }

  /** Leaves the runs that have no process yet to the next host. Resolves when none is being prepared. */
  async dispose(): Promise<void> {
    this.#leaving.abort();
    const preparations = [...this.#preparing.values()];
    for (const { abort } of preparations) abort.abort(this.#hostEnds);
    await Promise.all(preparations.map(({ over }) => over));
  }

  /** Takes over a run that an earlier host started. */
  async adopt(run: Run): Promise<void> {
    const { store, clock, directory, supervisor } = this.#options;
    const adopted = store.transact(stores => {
      const next = adoptRun(run);
      return stores.runs.update(next) === 'applied' ? next : undefined;
    });
    if (!adopted) return;
    if (!(await directory.exists(run.id))) {
      // The claim was committed, but nothing was made yet: no process can exist.
      this.#ended(adopted, { kind: 'lost', started: false, stderrTail: '' });
      return;
    }
    const digest = store.read(stores => stores.runs.digest(run.id)) ?? emptyDigest;
    // Without a time of its start it had only just been claimed: what it waited in the queue was not its own.
    const from = { run: run.id, outputOffset: digest.offset, startedAt: run.startedAt ?? clock.now() };
    const { project, agent } = this.#facts(adopted);
    try {
      if (!project) throw unknownAgent(adopted, project);
      const provider = this.#options.providers.of(project.spec).get(run.provider);
      const recorder = new RunRecorder({ ...this.#options, provider, run: adopted, digest });
      supervisor.adopt(from, limitsOf(agent), this.#listener(adopted, recorder, provider));
    } catch (error) {
      // Nobody could read what it says any more, so that it must not go on either.
      const onEnded = (): void => this.#ended(adopted, { kind: 'not_started', error });
      supervisor.adopt(from, limitsOf(agent), { onStarted: () => {}, onLines: () => {}, onEnded });
      supervisor.cancel(run.id).catch((reason: unknown) => this.#warn('A run could not be stopped', adopted, reason));
    }
  }

  /** Stops an active run. Resolves when nothing of it is alive; its end is committed through the listener. */
  async cancel(run: RunId): Promise<void> {
    const preparation = this.#preparing.get(run);
    preparation?.abort.abort(new AppError('cancelled', 'The run was cancelled.', {}));
    await preparation?.over;
    await this.#options.supervisor.cancel(run);
  }

  async #start(run: Run, signal: AbortSignal): Promise<void> {
    const { directory, supervisor, environment, placeholders } = this.#options;
    try {
      signal.throwIfAborted();
      const subject = this.#subject(run);
      const workspace = await this.#prepare(run, subject, signal);
      const command = this.#command(run, subject);
      const filled = placeholders.fill(command.argv);
      const { project, agent } = subject;
      const env = await untilAborted(environment.resolve({ project, agent, run }, signal), signal);
      await directory.create(run.id, {
        spec: {
          agent: run.agent,
          provider: run.provider,
          model: run.model,
          thread: run.threadId,
          argv: command.argv,
          cwd: workspace.cwd,
          env: Object.keys(env),
        },
        prompt: command.prompt ?? subject.prompt,
        files: command.files ?? {},
      });
      signal.throwIfAborted();
      const recorder = new RunRecorder({ ...this.#options, provider: subject.provider, run });
      supervisor.start(
        {
          run: run.id,
          argv: filled.argv,
          env: { ...env, ...filled.env, ...command.env },
          cwd: workspace.cwd,
          stdin: command.stdin,
          provider: { name: run.provider, install: subject.provider.fix.install },
        },
        limitsOf(subject.agent),
        this.#listener(run, recorder, subject.provider),
      );
    } catch (error) {
      if (signal.aborted && signal.reason === this.#hostEnds) return this.#putBack(run);
      if (!signal.aborted) this.#warn('A run could not be started', run, error);
      this.#ended(run, signal.aborted ? { kind: 'cancelled' } : { kind: 'not_started', error });
    }
  }

  /** The next host claims it again; should that not get written, the next host finds that nothing of it was made. */
  #putBack(run: Run): void {
    try {
      this.#step(run, requeueRun);
    } catch (error) {
      this.#warn('A run could not be put back into the queue', run, error);
    }
  }

  #warn(message: string, run: Run, error: unknown): void {
    this.#options.log.warn(message, { run: run.id, reason: errorMessage(error) });
  }

  #facts(run: Run) {
    return this.#options.store.read(stores => {
      const thread = stores.threads.get(run.threadId);
      const project = thread && stores.projects.get(thread.projectId);
      const agent = project?.spec.agents.find(candidate => candidate.name === run.agent);
      return { thread, project, agent, message: stores.messages.get(run.messageId) };
    });
  }

  /** What the run works with, as its project is now: it may have waited in the queue while somebody edited the file. */
  #subject(run: Run): Subject {
    const { thread, project, agent, message } = this.#facts(run);
    if (!thread || !project || !message || !agent?.enabled || project.removedAt !== undefined)
      throw unknownAgent(run, project);
    requireDriver(agent);
    const provider = this.#options.providers.of(project.spec).get(run.provider);
    return { project, agent, provider, thread, prompt: message.body };
  }

  /** The worktree as it is when it is the run's turn: it may have been removed or brought back since the dispatch. */
  async #prepare(run: Run, { project, agent }: Subject, signal: AbortSignal): Promise<PreparedWorkspace> {
    const { workspaces, store } = this.#options;
    const prepare = async (): Promise<PreparedWorkspace> => {
      const thread = store.read(stores => stores.threads.get(run.threadId));
      if (!thread)
        throw new AppError('thread.unknown', `There is no thread ${run.threadId}.`, { thread: run.threadId });
      const prepared = await workspaces.prepare(thread, project, agent, signal);
      this.#saveThread(prepared.thread);
      return prepared;
    };
    return await workspaces.exclusive(run.threadId, prepare, signal);
  }

  #command(run: Run, { project, agent, provider, prompt }: Subject): AgentCommand {
    const { store, directory, placeholders } = this.#options;
    const conversation = store.read(stores => stores.runs.lastConversation(run.threadId, run.agent));
    return provider.command({
      prompt,
      permissions: permissionsOf(project.spec, agent.name),
      args: agent.args,
      runDir: directory.path(run.id),
      asRoot: placeholders.asRoot,
      ...(run.model === undefined ? {} : { model: run.model }),
      ...(agent.systemPrompt === undefined ? {} : { systemPrompt: agent.systemPrompt }),
      ...(conversation === undefined ? {} : { conversation }),
    });
  }

  #saveThread(thread: Thread): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const before = stores.threads.get(thread.id);
      if (!before || before.worktree === thread.worktree) return;
      const { repository, branch, baseRef, baseCommit, worktree, head } = thread;
      stores.threads.update({
        ...before,
        repository,
        branch,
        baseRef,
        baseCommit,
        worktree,
        head,
        updatedAt: clock.now(),
      });
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, clock.now());
    });
  }

  #listener(run: Run, recorder: RunRecorder, provider: Provider): RunListener {
    return {
      onStarted: () => this.#step(run, current => startRun(current, this.#options.clock.now())),
      onLines: lines => recorder.record(lines),
      onEnded: end => {
        recorder.dispose();
        this.#ended(run, end, { recorder, provider });
      },
    };
  }

  #step(run: Run, change: (run: Run) => Run): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const current = stores.runs.get(run.id);
      if (!current || current.generation !== run.generation) return;
      const next = change(current);
      if (next === current || stores.runs.update(next) === 'fenced') return;
      stores.events.append(
        { kind: 'run_changed', threadId: run.threadId, runId: run.id, status: next.status },
        clock.now(),
      );
    });
  }

  /** Commits the end and the agent's reply in one transaction; a message that never ran gets its new run here. */
  #ended(run: Run, end: RunEnd, facts?: { readonly recorder: RunRecorder; readonly provider: Provider }): void {
    const { store, clock, ids, log, onEnded } = this.#options;
    const digest = facts?.recorder.digest ?? emptyDigest;
    const conclusion =
      end.kind === 'exited' && facts
        ? facts.provider.conclude(end.exit, concludingDigest(digest, end.stderrTail))
        : undefined;
    const now = clock.now();
    const commit = (): Run | undefined =>
      store.transact(stores => {
        const current = stores.runs.get(run.id);
        if (!current || current.generation !== run.generation) return undefined;
        const next = endRun(current, end, { now, digest, ...(conclusion === undefined ? {} : { conclusion }) });
        if (next === current) return undefined;
        stores.runs.saveDigest(run.id, digest);
        if (stores.runs.update(next) === 'fenced') return undefined;
        const body = next.status === 'succeeded' ? next.answer : next.error?.message;
        if (body) {
          stores.messages.insert({
            id: ids.next(),
            threadId: run.threadId,
            from: run.agent,
            to: person,
            intent: next.status === 'succeeded' ? 'response' : 'error',
            body,
            createdAt: now,
            runId: run.id,
          });
        }
        if (end.kind === 'lost' && !end.started) {
          const again = claimableCopy(next, ids.next<'run'>(), now);
          stores.runs.insert(again);
          stores.events.append(
            { kind: 'run_changed', threadId: run.threadId, runId: again.id, status: again.status },
            now,
          );
        }
        stores.events.append({ kind: 'run_changed', threadId: run.threadId, runId: run.id, status: next.status }, now);
        return next;
      });
    const write = (): void => {
      const ended = commit();
      if (ended) onEnded(ended);
    };
    commitSurely(write, { what: `the end of run ${run.id}`, clock, log, signal: this.#leaving.signal });
  }
}

function unknownAgent(run: Run, project: Project | undefined): AppError<'agent.unknown'> {
  const known = project?.spec.agents.filter(agent => agent.enabled).map(agent => agent.name) ?? [];
  const message =
    project?.removedAt === undefined
      ? `Agent ${run.agent} is no longer in the compose file${project ? ` ${project.file}` : ''}.`
      : `Project ${project.name} was removed before the run could start. Apply ${project.file} again with \`muster up\`.`;
  return new AppError('agent.unknown', message, { agent: run.agent, known });
}

/** Nothing of the first run ever ran, so that running its message now is not running it twice. */
function claimableCopy(run: Run, id: RunId, now: number): Run {
  return {
    id,
    threadId: run.threadId,
    messageId: run.messageId,
    agent: run.agent,
    provider: run.provider,
    status: 'queued',
    generation: 0,
    queuedAt: now,
    settled: false,
    ...(run.model === undefined ? {} : { model: run.model }),
  };
}

/** Of an agent that is still in the compose file; the defaults for one that is not. */
function limitsOf(agent: AgentSpec | undefined): RunLimits {
  return { wallClockMs: agent?.timeoutMs ?? defaultTimeoutMs, stallMs: agent?.stallTimeoutMs ?? 0, graceMs };
}
