import { untilAborted } from '../../base/async.js';
import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { AgentCommand, AgentToolServer, PermissionMode, Provider } from '../agents/provider.js';
import { isConversationId } from '../agents/conversationId.js';
import { shellCommandName } from '../agents/providers/shellCommand.js';
import type { ProviderRegistries } from '../agents/providerRegistries.js';
import type { EventStores } from '../events/eventLog.js';
import type { MergeStores } from '../merges/mergeStore.js';
import type { AgentTool } from '../mail/mailbox.js';
import type { MessageIntent } from '../messages/message.js';
import type { MessageStores } from '../messages/messageStore.js';
import { requireConsent } from '../projects/consent.js';
import { permissionsOf, requireDriver, saysPermissions, type Project } from '../projects/project.js';
import type { FacadeAddress, RunModels } from '../models/runModels.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { FreshStart } from '../threads/freshStart.js';
import { requireNoOperation } from '../threads/idleThread.js';
import { baseAfterRemoval, threadClosed } from '../threads/removedWork.js';
import { partVariables, type ThreadPart } from '../threads/part.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import type { WorkspacePreparer } from '../workspaces/workspacePreparer.js';
import { prepareParts, withRepositories } from '../workspaces/partWorkspaces.js';
import {
  worktreeOf,
  type PreparedPart,
  type PreparedWorkspace,
  type WorkspaceService,
} from '../workspaces/workspaceService.js';
import type { Run } from './run.js';
import type { LiveInput, LiveInputs } from './liveInput.js';
import { ownCommand } from './ownCommand.js';
import type { RunDirectory } from './runDirectory.js';
import type { CommandPlaceholders, RunEnvironment } from './runEnvironment.js';
import type { RunStores } from './runStore.js';
import type { RunLimits } from './runSupervisor.js';
import type { Guest, SandboxLaunch } from '../sandboxes/sandboxDriver.js';
import { confinementOf } from '../sandboxes/confinement.js';
import type { SandboxService } from '../sandboxes/sandboxService.js';

/** Wall-clock limit of a run without `timeout`: ten hours, as long as agent-compose's. */
const defaultTimeoutMs = 36_000_000;
/** Between SIGTERM and SIGKILL. */
const graceMs = 5_000;

export interface RunStarterOptions {
  readonly store: Store<
    ProjectStores & ThreadStores & MessageStores & RunStores & MergeStores & RescueStores & EventStores
  >;
  readonly clock: Clock;
  readonly providers: ProviderRegistries;
  readonly workspaces: WorkspaceService;
  readonly preparer: WorkspacePreparer;
  readonly freshStart: Pick<FreshStart, 'begin'>;
  readonly sandboxes: SandboxService;
  readonly directory: RunDirectory;
  readonly inputs: Pick<LiveInputs, 'of' | 'connect'>;
  readonly environment: RunEnvironment;
  readonly models: RunModels;
  readonly placeholders: CommandPlaceholders;
  /** True when a program of this name is on the PATH of `env`. */
  readonly hasCommand: (command: string, env: Readonly<Record<string, string>>) => boolean;
  /** A hash of a text, in hexadecimal digits. */
  readonly digest: (text: string) => string;
}

/** How a run is watched: what reads its lines, and how long it may take. */
export interface RunWatch {
  /** Missing when the agent is no longer known, so that nobody can read what the run says. */
  readonly provider?: Provider;
  readonly limits: RunLimits;
  /** Why there is no provider. */
  readonly problem?: unknown;
}

/** A run that has all it needs: its files are made, its command is known. */
export interface PreparedRun {
  readonly launch: SandboxLaunch;
  readonly provider: Provider;
  readonly limits: RunLimits;
}

/** What a run's command is put together for, besides its task. */
interface Surroundings {
  readonly guest: Guest;
  readonly facade: FacadeAddress | undefined;
  readonly tools: AgentToolServer | undefined;
  readonly permissions: PermissionMode;
  /** Worktrees in other repositories. */
  readonly folders: readonly string[];
  readonly input: LiveInput | undefined;
}

interface ReadyWorkspace {
  readonly workspace: PreparedWorkspace;
  /** Variables that tell the ports of the worktree, and where the other repositories are. */
  readonly ports: Readonly<Record<string, string>>;
  /** Resolves when it is noted what the run shares with the person. Never rejects. */
  readonly pinned: Promise<unknown>;
}

interface Subject {
  readonly project: Project;
  readonly agent: AgentSpec;
  readonly provider: Provider;
  readonly prompt: string;
  /** What the message is for. */
  readonly intent: MessageIntent;
  /** Whether the thread is its agent's own: the kernels there have this agent's variables and files. */
  readonly isAuthor: boolean;
}

/** Digits of a hash that is only ever compared by people. */
const promptHashLength = 16;

/** Gets a claimed run ready to be launched: workspace, command line, environment, run directory. */
export class RunStarter {
  readonly #options: RunStarterOptions;

  constructor(options: RunStarterOptions) {
    this.#options = options;
  }

  /** Errors: `agent.unknown`, `consent.required`, those of the workspace, of the environment, of the models and of the run directory; the signal's reason. */
  async prepare(run: Run, signal: AbortSignal): Promise<PreparedRun> {
    const { clock, directory, environment, inputs, models, placeholders, sandboxes } = this.#options;
    signal.throwIfAborted();
    const subject = this.#subject(run);
    const { workspace, ports, pinned } = await this.#workspace(run, subject, signal);
    const { guest, spec } = await sandboxes.prepare({ ...subject, run, workspace }, signal);
    const { project, agent, provider } = subject;
    const limits = limitsOf(agent);
    const found = await untilAborted(environment.resolve({ project, agent, run, guest }, signal), signal);
    const opened = models.open({ run, agent, guest, environment: found });
    const { variables, facade } = await untilAborted(opened, signal);
    this.#noteTerms(run, { agent, facade });
    const permissions = this.#permissions(subject, guest, variables);
    const tools = this.#tools(run, subject, { guest, permissions });
    const folders = workspace.parts.map(part => guest.place(part.cwd));
    const isCommand = run.provider === shellCommandName;
    const { input, ...task } = isCommand
      ? await ownCommand(subject.prompt, { run, inputs, guest, limits, clock }, signal)
      : { prompt: withRepositories(subject.prompt, workspace.parts) };
    const around = { guest, facade, tools, permissions, folders, input };
    const command = this.#command(run, { ...subject, ...task }, around);
    const filled = placeholders.fill(command.argv, guest);
    const through = command.through && placeholders.fill(command.through, guest);
    const cwd = guest.place(workspace.cwd);
    await directory.create(run.id, {
      spec: {
        agent: run.agent,
        provider: run.provider,
        model: run.model,
        thread: run.threadId,
        argv: command.argv,
        cwd,
        env: Object.keys({ ...ports, ...variables }),
      },
      prompt: command.prompt ?? task.prompt,
      files: command.files ?? {},
      mail: tools !== undefined,
    });
    if (input) await inputs.connect(run.id);
    await pinned;
    signal.throwIfAborted();
    return {
      launch: {
        run: run.id,
        argv: filled.argv,
        ...(through === undefined ? {} : { through: through.argv }),
        env: { ...ports, ...variables, ...filled.env, ...through?.env, ...command.env },
        searched: found.searched,
        untrusted: [
          project.folder,
          ...[workspace, ...workspace.parts].flatMap(({ thread }) => thread.repository ?? []),
          ...workspace.parts.map(part => part.cwd),
        ],
        cwd,
        stdin: command.stdin,
        provider: { name: run.provider, install: command.install ?? provider.fix.install },
        ...(spec === undefined ? {} : { sandbox: spec }),
        ...(agent.sandbox.process === 'strict' && !guest.isolated
          ? { confinement: confinementOf({ workspace, runDir: directory.path(run.id), home: variables['HOME'] }) }
          : {}),
      },
      provider,
      limits,
    };
  }

  /** How a run that was started earlier is watched on; the compose file may have changed since. */
  watchOf(run: Run): RunWatch {
    const { project, agent } = this.#facts(run);
    const limits = limitsOf(agent);
    try {
      if (!project) throw unknownAgent(run, project);
      return { provider: this.#options.providers.of(project.spec).get(run.provider), limits };
    } catch (problem) {
      return { limits, problem };
    }
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
    requireConsent(project);
    const provider = this.#options.providers.of(project.spec).get(run.provider);
    const isAuthor = thread.agent === agent.name;
    return { project, agent, provider, prompt: message.body, intent: message.intent, isAuthor };
  }

  /** The worktree as it is when it is the run's turn: it may have been removed or brought back since the dispatch. */
  async #workspace(run: Run, { project, agent }: Subject, signal: AbortSignal): Promise<ReadyWorkspace> {
    const { workspaces, preparer, store } = this.#options;
    const prepare = async (): Promise<ReadyWorkspace> => {
      // A command looks at what is there.
      if (run.provider !== shellCommandName) await this.#beginAnew(run);
      const wanted = store.read(stores => this.#wanted(stores, run.threadId));
      // Looked up while the worktree is looked at, and the rest is made ready; it is there before the agent is.
      const early = worktreeOf(wanted) && workspaces.pinShared(wanted);
      const own = await workspaces.prepare(wanted, project, agent, signal);
      this.#saveThread(own.thread);
      const parts = await this.#parts(own.thread, { project, agent }, signal);
      const workspace = { ...own, parts };
      const places = partVariables(parts.map(({ name, cwd }) => ({ name, path: cwd })));
      const ports = await preparer.prepare({ ...workspace, agent, places }, signal);
      const pinned = [
        early ?? workspaces.pinShared(own.thread),
        ...parts.map(part => workspaces.pinShared(part.thread)),
      ];
      return { workspace, ports: { ...ports, ...places }, pinned: Promise.all(pinned) };
    };
    return await workspaces.exclusive(run.threadId, prepare, signal);
  }

  /** What landed of it, in each of its repositories. */
  async #beginAnew({ id, threadId }: Run): Promise<void> {
    const { store, freshStart } = this.#options;
    const parts = store.read(stores => stores.parts.ofWhole(threadId));
    for (const each of [threadId, ...parts.map(({ thread }) => thread)]) await freshStart.begin(each, id);
  }

  async #parts(
    whole: Thread,
    { project, agent }: Pick<Subject, 'project' | 'agent'>,
    signal: AbortSignal,
  ): Promise<readonly PreparedPart[]> {
    const { workspaces, store } = this.#options;
    const parts = store.read(stores => stores.parts.ofWhole(whole.id));
    const author = project.spec.agents.find(({ name }) => name === whole.agent);
    const wanted = ({ thread }: ThreadPart): Thread => store.read(stores => this.#wanted(stores, thread));
    const save = (thread: Thread): void => this.#saveThread(thread);
    return await prepareParts({ workspaces, wanted, save }, parts, { project, agent, author }, signal);
  }

  /** The thread as it wants its worktree. Errors: `thread.unknown`, `thread.closed`, `thread.busy`. */
  #wanted(stores: ThreadStores & MergeStores & RescueStores, threadId: Thread['id']): Thread {
    const thread = stores.threads.get(threadId);
    if (!thread) throw new AppError('thread.unknown', `There is no thread ${threadId}.`, { thread: threadId });
    if (thread.outcome === 'abandoned') throw threadClosed(thread, `Thread ${threadId} was abandoned`);
    requireNoOperation(stores, threadId);
    const requestedBase = baseAfterRemoval(stores, thread) ?? thread.requestedBase;
    return requestedBase === undefined ? thread : { ...thread, requestedBase };
  }

  /** What the file says, else what is usual; without anybody who reads what a run asks it does not ask. */
  #permissions(
    { project, agent, provider }: Subject,
    guest: Guest,
    env: Readonly<Record<string, string>>,
  ): PermissionMode {
    const wanted = permissionsOf(project.spec, agent.name);
    if (wanted !== 'ask') return wanted;
    if (!guest.hasMail) return 'confined';
    const beside = saysPermissions(project.spec, agent.name) || guest.isolated ? undefined : provider.asksWith;
    return beside === undefined || this.#options.hasCommand(beside, env) ? 'ask' : 'confined';
  }

  #command(
    run: Run,
    { agent, provider, prompt }: Subject,
    { guest, facade, tools, permissions, folders, input }: Surroundings,
  ): AgentCommand {
    const { store } = this.#options;
    const conversation = store.read(stores => stores.runs.lastConversation(run.threadId, run.agent));
    return provider.command({
      prompt,
      permissions,
      args: agent.args,
      runDir: guest.runDir(run.id),
      asRoot: guest.asRoot,
      folders,
      ...(input === undefined ? {} : { input }),
      ...(facade === undefined ? {} : { facade }),
      ...(tools === undefined ? {} : { tools }),
      ...(run.model === undefined ? {} : { model: run.model }),
      ...(agent.systemPrompt === undefined ? {} : { systemPrompt: agent.systemPrompt }),
      ...(conversation === undefined || !isConversationId(conversation) ? {} : { conversation }),
    });
  }

  /** What the agent can do besides its work: give a verdict where it is asked for one, ask a person where it may, and execute code. */
  #tools(
    run: Run,
    { agent, provider, intent, isAuthor }: Subject,
    { guest, permissions }: Pick<Surroundings, 'guest' | 'permissions'>,
  ): AgentToolServer | undefined {
    const asking = permissions === 'ask';
    const wanted: readonly AgentTool[] = [
      ...(intent === 'handoff' ? (['verdict'] as const) : []),
      ...(asking ? (['ask', 'permission'] as const) : []),
      ...(permissions !== 'confined' && isAuthor && agent.jupyter.enabled ? (['execute'] as const) : []),
    ];
    if (!guest.hasMail) return undefined;
    const known = (asking ? provider.toolsWhenAsking : undefined) ?? provider.tools ?? [];
    const tools = wanted.filter(tool => known.includes(tool));
    if (tools.length === 0) return undefined;
    const program = toolProgram(guest.runDir(run.id), tools);
    const { argv, env } = this.#options.placeholders.fill(program, guest);
    const [command = '', ...args] = argv;
    // Some CLIs hand nothing of their environment on; what belongs to a run is found, and ended, by this variable.
    return { command, args, env: { ...env, MUSTER_RUN_ID: run.id }, tools };
  }

  /** For people: by whose key or login the run works, and which instructions its agent had. */
  #noteTerms(
    { id }: Run,
    { agent, facade }: { readonly agent: AgentSpec; readonly facade: FacadeAddress | undefined },
  ): void {
    const { store, digest } = this.#options;
    const terms = {
      ...(facade && { modelsVia: facade.via }),
      ...(agent.systemPrompt !== undefined && { promptHash: digest(agent.systemPrompt).slice(0, promptHashLength) }),
    };
    if (Object.keys(terms).length === 0) return;
    store.transact(stores => {
      const run = stores.runs.get(id);
      if (run) stores.runs.update({ ...run, ...terms });
    });
  }

  #saveThread(thread: Thread): void {
    const { store, clock } = this.#options;
    store.transact(stores => {
      const before = stores.threads.get(thread.id);
      const { repository, branch, baseRef, baseCommit, worktree, head, commonDir, registeredAs, notes } = thread;
      if (!before || (before.worktree === worktree && before.registeredAs === registeredAs)) return;
      stores.operations.end(thread.id);
      stores.threads.update({
        ...before,
        repository,
        branch,
        baseRef,
        baseCommit,
        worktree,
        head,
        commonDir,
        registeredAs,
        notes,
        updatedAt: clock.now(),
      });
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, clock.now());
    });
  }
}

/** What serves an agent's tools. */
function toolProgram(runDir: string, tools: readonly AgentTool[]): readonly string[] {
  return ['{{node}}', '{{dist}}/agentMcp.js', runDir, tools.join(',')];
}

function unknownAgent(run: Run, project: Project | undefined): AppError<'agent.unknown'> {
  const known = project?.spec.agents.filter(agent => agent.enabled).map(agent => agent.name) ?? [];
  const message =
    project?.removedAt === undefined
      ? `Agent ${run.agent} is no longer in the compose file${project ? ` ${project.file}` : ''}.`
      : `Project ${project.name} was removed before the run could start. Apply ${project.file} again with \`muster up\`.`;
  return new AppError('agent.unknown', message, { agent: run.agent, known });
}

/** Of an agent that is still in the compose file; the defaults for one that is not. */
function limitsOf(agent: AgentSpec | undefined): RunLimits {
  return { wallClockMs: agent?.timeoutMs ?? defaultTimeoutMs, stallMs: agent?.stallTimeoutMs ?? 0, graceMs };
}
