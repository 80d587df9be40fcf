import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { AgentSpec, WorkspacePreparation } from '../../compose/projectSpec.js';
import type { CommandShell } from '../commands/commandShell.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { EventStores } from '../events/eventLog.js';
import type { Store } from '../store.js';
import { isConsented } from '../projects/consent.js';
import type { Thread } from '../threads/thread.js';
import { worktreeOf } from './workspaceService.js';
import type { WorktreeDriver } from './worktreeDriver.js';
import {
  portBlocks,
  portsPerWorktree,
  portVariables,
  type Preparation,
  type PreparationStores,
} from './preparation.js';

/** A command that runs before a worktree goes must not keep it for ever. */
const longestTeardownMs = 5 * 60_000;
const keptOutput = 64 * 1024;

/** Port: ports of this machine. */
export interface FreePorts {
  /** True when nobody listens on any of `count` ports from this one on. */
  areFree(first: number, count: number): Promise<boolean>;
}

export interface WorkspacePreparerOptions {
  readonly store: Store<PreparationStores & ProjectStores & EventStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly shell: CommandShell;
  readonly ports: FreePorts;
  readonly driver: Pick<WorktreeDriver, 'noteMade'>;
}

/** What is to be made ready. */
export interface Unprepared {
  readonly thread: Thread;
  readonly agent: AgentSpec;
  /** Where the agent will work. */
  readonly cwd: string;
  /** The worktree was made for this very run. */
  readonly isNew: boolean;
  /** Variables that tell where the thread's other repositories are. */
  readonly places?: Readonly<Record<string, string>>;
}

/** Gets worktrees ready for their first run, and cleans up before they go: ports, `setup`, `teardown`. */
export class WorkspacePreparer {
  readonly #options: WorkspacePreparerOptions;

  constructor(options: WorkspacePreparerOptions) {
    this.#options = options;
  }

  /**
   * Runs the `setup` commands of a new worktree, or of one where they did not succeed, one after the other. Returns the variables
   * that each run in it gets. Errors: `workspace.setup`; the signal's reason.
   */
  async prepare(
    { thread, agent, cwd, isNew, places = {} }: Unprepared,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    const { store } = this.#options;
    if (thread.worktree === undefined) return {};
    const before = store.read(({ preparations }) => preparations.of(thread.id));
    const { setup, ports } = wanted(agent);
    // A worktree of an earlier version has no ports of its own, and nobody waits for some.
    if (!isNew && before === undefined) return {};
    const port = before?.port ?? (await this.#freeBlock(thread.id));
    const variables = portVariables(port, ports);
    const due = isNew || isDue(before);
    if (due) {
      const ref = worktreeOf(thread);
      try {
        await this.#setUp({ thread, port, commands: setup, cwd, variables: { ...places, ...variables } }, signal);
      } finally {
        // Also of commands that failed: a person may go on without them.
        if (ref && setup.length > 0) await this.#options.driver.noteMade(ref);
      }
    }
    return variables;
  }

  /** What an adopted worktree begins with: ports of its own from now on, and its commands when somebody is to work in it. */
  async adopted(thread: ThreadId): Promise<Preparation> {
    const port = await this.#freeBlock(thread);
    return { thread, state: 'waiting', port, output: '', at: this.#options.clock.now() };
  }

  /** Goes on without what failed. Errors: `request.invalid` when nothing failed. */
  skip(thread: ThreadId): Preparation {
    const { store, clock } = this.#options;
    return store.transact(stores => {
      const found = stores.preparations.of(thread);
      if (found?.state !== 'failed')
        throw new AppError(
          'request.invalid',
          `No setup command of thread ${thread} has failed: there is nothing to go on without.`,
          {
            field: 'thread',
            reason: 'nothing failed',
          },
        );
      const skipped: Preparation = { ...found, state: 'skipped', at: clock.now() };
      stores.preparations.save(skipped);
      stores.events.append({ kind: 'thread_changed', threadId: thread }, clock.now());
      return skipped;
    });
  }

  /** Runs the `teardown` commands before a worktree is removed. One that fails, or takes too long, is noted and keeps nothing from going. */
  async tearDown(thread: Thread): Promise<void> {
    const { store, shell, log } = this.#options;
    const { project, port } = store.read(({ projects, preparations }) => ({
      project: projects.get(thread.projectId),
      port: preparations.of(thread.id)?.port,
    }));
    const { teardown, ports } = wanted(project?.spec.agents.find(({ name }) => name === thread.agent));
    const cwd = thread.worktree;
    if (teardown.length === 0 || cwd === undefined || !project || !isConsented(project.spec, project.consent)) return;
    const variables = { ...placeVariables(thread), ...(port === undefined ? {} : portVariables(port, ports)) };
    for (const command of teardown) {
      try {
        const end = await shell.run({ command, mark: thread.id, cwd, variables, limitMs: longestTeardownMs });
        if (end.exitCode !== 0)
          log.warn('A teardown command failed', { thread: thread.id, command, output: end.output.slice(-2_000) });
      } catch (error) {
        log.warn('A teardown command could not be run', { thread: thread.id, command, reason: errorMessage(error) });
      }
    }
  }

  async #setUp(
    work: {
      readonly thread: Thread;
      readonly port: number;
      readonly commands: readonly string[];
      readonly cwd: string;
      readonly variables: Readonly<Record<string, string>>;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { thread, port, commands, cwd } = work;
    const { shell } = this.#options;
    const variables = { ...placeVariables(thread), ...work.variables };
    let output = '';
    if (commands.length > 0) await shell.endLeftovers(thread.id);
    for (const command of commands) {
      this.#save({ thread: thread.id, state: 'working', port, command, output });
      const end = await shell.run({ command, mark: thread.id, cwd, variables }, signal);
      output = `${output}$ ${command}\n${end.output}`.slice(-keptOutput);
      if (end.exitCode === 0) continue;
      this.#save({ thread: thread.id, state: 'failed', port, command, output, ...defined({ exitCode: end.exitCode }) });
      throw failed(thread.id, { command, ...end });
    }
    this.#save({ thread: thread.id, state: 'ready', port, output });
  }

  #save(preparation: Omit<Preparation, 'at'>): void {
    const { store, clock } = this.#options;
    store.transact(({ preparations }) => preparations.save({ ...preparation, at: clock.now() }));
  }

  async #freeBlock(thread: ThreadId): Promise<number> {
    const { store, ports } = this.#options;
    const taken = store.read(({ preparations }) => preparations.ports());
    let first: number | undefined;
    for (const port of portBlocks(thread, taken)) {
      first ??= port;
      if (await ports.areFree(port, portsPerWorktree)) return port;
    }
    // Every block has somebody on it: whoever needs a port finds that out by using it.
    return first ?? 0;
  }
}

/** Its commands have not all succeeded, and nobody said to go on without. */
function isDue(preparation: Preparation | undefined): boolean {
  return preparation !== undefined && preparation.state !== 'ready' && preparation.state !== 'skipped';
}

const nothing: WorkspacePreparation = { files: [], setup: [], teardown: [], ports: [] };

/** The variables that tell a worktree's ports to whatever runs in it beside its agent: commands of people, kernels. */
export function portsOfThread(
  { preparations, projects }: Pick<PreparationStores & ProjectStores, 'preparations' | 'projects'>,
  thread: Thread,
): Readonly<Record<string, string>> {
  const port = preparations.of(thread.id)?.port;
  if (port === undefined || port === 0) return {};
  const agents = projects.get(thread.projectId)?.spec.agents ?? [];
  return portVariables(port, wanted(agents.find(({ name }) => name === thread.agent)).ports);
}

function wanted(agent: AgentSpec | undefined): WorkspacePreparation {
  const workspace = agent?.workspace;
  return workspace?.provider === 'worktree' ? workspace : nothing;
}

function placeVariables(thread: Thread): Readonly<Record<string, string>> {
  return {
    MUSTER_THREAD_ID: thread.id,
    ...defined({ MUSTER_WORKTREE: thread.worktree, MUSTER_REPOSITORY: thread.repository }),
  };
}

function failed(
  thread: ThreadId,
  { command, exitCode, output }: { readonly command: string; readonly exitCode?: number; readonly output: string },
): AppError<'workspace.setup'> {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const said = last === '' ? '' : ` It said last: ${last.slice(0, 300)}`;
  const how = exitCode === undefined ? 'could not be run' : `ended with status ${exitCode}`;
  return new AppError(
    'workspace.setup',
    `The workspace is not ready: \`${command}\` ${how}.${said} A follow-up tries again; \`muster worktrees setup ${thread}\` shows what it printed, and with --skip goes on without.`,
    { thread, command, ...defined({ exitCode }) },
  );
}
