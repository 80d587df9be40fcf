import type { RunId } from '../../base/ids.js';
import { parseId } from '../../base/ids.js';
import { AppError } from '../../base/errors.js';
import type { AgentSpec, DriverSpec } from '../../compose/projectSpec.js';
import type { Run } from '../runs/run.js';
import type { PreparedWorkspace } from '../workspaces/workspaceService.js';
import type { Guest, RunDriver, SandboxDriver, SandboxSpec } from './sandboxDriver.js';
import type { SandboxDrivers } from './sandboxDrivers.js';

export interface PreparedSandbox {
  readonly guest: Guest;
  /** Missing: this machine. */
  readonly spec?: SandboxSpec;
}

/** Gives each run the place where it executes. */
export class SandboxService implements SandboxDrivers {
  readonly #machine: SandboxDriver;

  constructor(options: { readonly machine: SandboxDriver }) {
    this.#machine = options.machine;
  }

  of(driver: DriverSpec['name']): SandboxDriver {
    if (driver === 'process') return this.#machine;
    throw new AppError('request.invalid', `This host starts nothing in ${driver}.`, {
      field: 'driver',
      reason: 'not supported yet',
    });
  }

  ofRun(run: RunId): RunDriver {
    return this.#machine.runsIn({ id: parseId(run), driver: { name: 'process' } });
  }

  /** Makes ready what the run executes in. Errors: those of {@link SandboxDriver.ensure}. */
  async prepare(
    { run, agent, workspace }: { readonly run: Run; readonly agent: AgentSpec; readonly workspace: PreparedWorkspace },
    signal: AbortSignal,
  ): Promise<PreparedSandbox> {
    const spec: SandboxSpec = {
      id: parseId(run.threadId),
      driver: agent.driver,
      thread: run.threadId,
      agent: agent.name,
      network: 'none',
      workspace: { folder: workspace.cwd },
    };
    const guest = await this.of(agent.driver.name).ensure(spec, signal);
    return guest.isolated ? { guest, spec } : { guest };
  }
}
