import type { RunId } from '../../base/ids.js';
import type { OnImageStep } from '../../core/images/image.js';
import type {
  EntryCommand,
  ForwardedPort,
  Guest,
  InsidePort,
  RunDriver,
  SandboxDriver,
  SandboxInspection,
  SandboxLaunch,
  SandboxRef,
  SandboxSpec,
  SandboxStats,
} from '../../core/sandboxes/sandboxDriver.js';
import { guestObjects } from '../../drivers/guests/guestPaths.js';

/** A driver of isolated sandboxes that is loaded when something is first in one: most hosts never need it. */
export abstract class SandboxOnDemand implements SandboxDriver {
  readonly borrowedObjects = guestObjects;

  /** The driver itself, ready for this sandbox. */
  protected abstract on(sandbox: SandboxRef): Promise<SandboxDriver>;

  async ensure(sandbox: SandboxSpec, signal: AbortSignal, onStep?: OnImageStep): Promise<Guest> {
    return (await this.on(sandbox)).ensure(sandbox, signal, onStep);
  }

  runsIn(sandbox: SandboxRef): RunDriver {
    const runs = async (): Promise<RunDriver> => (await this.on(sandbox)).runsIn(sandbox);
    return {
      start: async (launch: SandboxLaunch, signal, onStep) => (await runs()).start(launch, signal, onStep),
      isAlive: async (run: RunId) => (await runs()).isAlive(run),
      whyLost: async (run: RunId) => await (await runs()).whyLost?.(run),
      stop: async (run, options) => (await runs()).stop(run, options),
    };
  }

  async stop(sandbox: SandboxRef, options: { readonly graceMs: number }): Promise<void> {
    await (await this.on(sandbox)).stop(sandbox, options);
  }

  async resume(sandbox: SandboxSpec, signal: AbortSignal): Promise<void> {
    await (await this.on(sandbox)).resume(sandbox, signal);
  }

  async remove(sandbox: SandboxRef): Promise<void> {
    await (await this.on(sandbox)).remove(sandbox);
  }

  async enter(sandbox: SandboxSpec, signal: AbortSignal): Promise<EntryCommand> {
    return (await this.on(sandbox)).enter(sandbox, signal);
  }

  async inspect(sandbox: SandboxRef): Promise<SandboxInspection> {
    return (await this.on(sandbox)).inspect(sandbox);
  }

  async stats(sandbox: SandboxRef): Promise<SandboxStats | undefined> {
    return (await this.on(sandbox)).stats(sandbox);
  }

  async happenings(sandbox: SandboxRef): Promise<readonly string[]> {
    return (await (await this.on(sandbox)).happenings?.(sandbox)) ?? [];
  }

  async forward(sandbox: SandboxRef, to: InsidePort, signal: AbortSignal): Promise<ForwardedPort> {
    return (await this.on(sandbox)).forward(sandbox, to, signal);
  }
}
