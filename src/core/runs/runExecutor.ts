import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { IdSource, RunId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { AgentCommand, Provider } from '../agents/provider.js';
import type { ProviderRegistries } from '../agents/providerRegistries.js';
import { person } from '../messages/message.js';
import { permissionsOf, type Project } from '../projects/project.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { WorkspaceService } from '../workspaces/workspaceService.js';
import type { Run } from './run.js';
import type { RunDirectory } from './runDirectory.js';
import { concludingDigest, emptyDigest } from './runDigest.js';
import type { CommandPlaceholders, RunEnvironment } from './runEnvironment.js';
import { RunRecorder } from './runRecorder.js';
import type { RunEnd, RunLimits, RunListener, RunSupervisor } from './runSupervisor.js';
import { adoptRun, endRun, startRun } from './runTransitions.js';

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

/** Takes a claimed run from `starting` to its end: workspace, command line, process, digest, conclusion. */
export class RunExecutor {
  readonly #options: RunExecutorOptions;
  /** Aborted when the run is cancelled before its process exists. */
  readonly #preparing = new Map<RunId, AbortController>();

  constructor(options: RunExecutorOptions) {
    this.#options = options;
  }

  /** Takes over a claimed run; returns at once. */
  execute(run: Run): void {
    const abort = new AbortController();
    this.#preparing.set(run.id, abort);
    void this.#start(run, abort.signal).finally(() => this.#preparing.delete(run.id));
  }

  /** Takes over a run that an earlier host started. */
  async adopt(run: Run): Promise<void> {
    const { store, directory, supervisor } = this.#options;
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
    try {
      const subject = this.#subject(adopted);
      const digest = store.read(stores => stores.runs.digest(run.id)) ?? emptyDigest;
      const recorder = new RunRecorder({ ...this.#options, provider: subject.provider, run: adopted, digest });
      supervisor.adopt(
        { run: run.id, outputOffset: digest.offset, startedAt: run.startedAt ?? run.queuedAt },
        limitsOf(subject.agent),
        this.#listener(adopted, recorder, subject.provider),
      );
    } catch (error) {
      this.#ended(adopted, { kind: 'not_started', error });
    }
  }

  /** Stops an active run. Resolves when nothing of it is alive; its end is committed through the listener. */
  async cancel(run: RunId): Promise<void> {
    this.#preparing.get(run)?.abort(new AppError('cancelled', 'The run was cancelled.', {}));
    await this.#options.supervisor.cancel(run);
  }

  async #start(run: Run, signal: AbortSignal): Promise<void> {
    const { workspaces, directory, supervisor, environment, placeholders } = this.#options;
    try {
      const subject = this.#subject(run);
      const workspace = await workspaces.prepare(subject.thread, subject.project, subject.agent, signal);
      this.#saveThread(workspace.thread);
      const command = this.#command(run, subject);
      const filled = placeholders.fill(command.argv);
      const env = await environment.resolve({ project: subject.project, agent: subject.agent, run }, signal);
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
      const cancelled = signal.aborted;
      if (!cancelled)
        this.#options.log.warn('A run could not be started', { run: run.id, reason: errorMessage(error) });
      this.#ended(run, cancelled ? { kind: 'cancelled' } : { kind: 'not_started', error });
    }
  }

  #subject(run: Run): Subject {
    const { store, providers } = this.#options;
    const { thread, project, message } = store.read(stores => {
      const found = stores.threads.get(run.threadId);
      return {
        thread: found,
        project: found && stores.projects.get(found.projectId),
        message: stores.messages.get(run.messageId),
      };
    });
    const agent = project?.spec.agents.find(candidate => candidate.name === run.agent);
    if (!thread || !project || !message || !agent) {
      throw new AppError('agent.unknown', `Agent ${run.agent} is no longer in the compose file.`, {
        agent: run.agent,
        known: project?.spec.agents.map(candidate => candidate.name) ?? [],
      });
    }
    const provider = providers.of(project.spec).get(run.provider);
    return { project, agent, provider, thread, prompt: message.body };
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
    const { store, clock, ids, onEnded } = this.#options;
    const digest = facts?.recorder.digest ?? emptyDigest;
    const conclusion =
      end.kind === 'exited' && facts
        ? facts.provider.conclude(end.exit, concludingDigest(digest, end.stderrTail))
        : undefined;
    const now = clock.now();
    const ended = store.transact(stores => {
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
    if (ended) onEnded(ended);
  }
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

function limitsOf(agent: AgentSpec): RunLimits {
  return { wallClockMs: agent.timeoutMs ?? defaultTimeoutMs, stallMs: agent.stallTimeoutMs ?? 0, graceMs };
}
