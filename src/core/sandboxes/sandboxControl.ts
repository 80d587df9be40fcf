import { AppError, errorMessage } from '../../base/errors.js';
import type { SandboxId, ThreadId } from '../../base/ids.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { requireIdle } from '../threads/idleThread.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { Sandbox } from './sandbox.js';
import type { EntryCommand, SandboxInspection, SandboxStats } from './sandboxDriver.js';
import type { SandboxService } from './sandboxService.js';

/** A sandbox as it is at the moment. */
export interface SandboxView {
  readonly sandbox: Sandbox;
  /** Missing: the runtime did not answer. */
  readonly inspection?: SandboxInspection;
  readonly usage?: SandboxStats | undefined;
  /** Why something of this is missing. */
  readonly problem?: string;
  /** What its runtime said about it lately, where that was asked for. */
  readonly happenings?: readonly string[] | undefined;
  /** What its runtime said last while it is made. */
  readonly progress?: string | undefined;
}

/** Between SIGTERM and SIGKILL. */
const graceMs = 5_000;

/** What people do with sandboxes. */
export class SandboxControl {
  readonly #store: Store<ProjectStores & ThreadStores>;
  readonly #sandboxes: SandboxService;

  constructor(options: { readonly store: Store<ProjectStores & ThreadStores>; readonly sandboxes: SandboxService }) {
    this.#store = options.store;
    this.#sandboxes = options.sandboxes;
  }

  /** Those that are not removed, with what their runtime says of them. */
  async list(request: {
    readonly thread?: ThreadId | undefined;
    readonly usage: boolean;
  }): Promise<readonly SandboxView[]> {
    const { thread, usage } = request;
    const all = this.#sandboxes.known().filter(({ threadId }) => thread === undefined || threadId === thread);
    return await Promise.all(all.map(sandbox => this.#look(sandbox, usage)));
  }

  /** Ends everything that runs in it. Runs in it end as failed or lost; `muster cancel` ends a run properly. */
  async stop(id: SandboxId): Promise<SandboxView> {
    const sandbox = this.#get(id);
    await this.#sandboxes.of(sandbox.driver.name).stop(sandbox, { graceMs });
    return await this.#look(sandbox, false);
  }

  /** Errors: `sandbox.unknown`, `thread.busy` while a run is at work in it. */
  async remove(id: SandboxId): Promise<void> {
    const sandbox = this.#get(id);
    const view = this.#store.read(stores => stores.threads.view(sandbox.threadId));
    if (view) requireIdle(view);
    await this.#sandboxes.of(sandbox.driver.name).remove(sandbox);
    this.#sandboxes.removed(sandbox);
  }

  /** How a person gets in. Errors: `sandbox.unknown`, `worktree.missing`, those of the driver. */
  async enter(id: SandboxId, signal: AbortSignal): Promise<EntryCommand> {
    const sandbox = this.#get(id);
    const { thread, project, agent } = this.#facts(sandbox);
    const driver = this.#sandboxes.of(sandbox.driver.name);
    // What runs has its git directory already.
    const { state } = await driver.inspect(sandbox);
    const gitFor = state === 'running' ? undefined : 'shell';
    const spec = await this.#sandboxes.specFor({ sandbox, thread, project, agent, gitFor });
    return await driver.enter(spec, signal);
  }

  async #look(sandbox: Sandbox, usage: boolean): Promise<SandboxView> {
    const progress = this.#sandboxes.progressOf(sandbox.id);
    try {
      const driver = this.#sandboxes.of(sandbox.driver.name);
      const inspection = await driver.inspect(sandbox);
      // Whoever cannot be told these is told the rest, and why.
      const [measured, happenings] = await Promise.allSettled([
        usage && inspection.state === 'running' ? driver.stats(sandbox) : undefined,
        usage ? driver.happenings?.(sandbox) : undefined,
      ]);
      const problem = [measured, happenings].flatMap(asked =>
        asked.status === 'rejected' ? errorMessage(asked.reason) : [],
      );
      return {
        sandbox,
        inspection,
        usage: measured.status === 'fulfilled' ? measured.value : undefined,
        happenings: happenings.status === 'fulfilled' ? happenings.value : undefined,
        progress,
        ...(problem.length > 0 && { problem: [...new Set(problem)].join('\n') }),
      };
    } catch (error) {
      return { sandbox, problem: errorMessage(error), progress };
    }
  }

  #get(id: SandboxId): Sandbox {
    const found = this.#sandboxes.known().find(sandbox => sandbox.id === id);
    if (found) return found;
    throw new AppError('sandbox.unknown', `There is no sandbox ${id}.`, { sandbox: id });
  }

  #facts({ threadId, agent: name }: Sandbox): { thread: Thread; project: Project; agent: AgentSpec } {
    const { thread, project } = this.#store.read(stores => {
      const found = stores.threads.get(threadId);
      return { thread: found, project: found && stores.projects.get(found.projectId) };
    });
    const agent = project?.spec.agents.find(candidate => candidate.name === name);
    if (thread && project && agent) return { thread, project, agent };
    throw new AppError('agent.unknown', `Agent ${name} is no longer in the compose file.`, { agent: name, known: [] });
  }
}
