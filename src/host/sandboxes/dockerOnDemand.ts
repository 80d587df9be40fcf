import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type {
  EntryCommand,
  ForwardedPort,
  Guest,
  RunDriver,
  SandboxDriver,
  SandboxInspection,
  SandboxLaunch,
  SandboxRef,
  SandboxSpec,
  SandboxStats,
} from '../../core/sandboxes/sandboxDriver.js';
import type { DockerOptions, DockerSandboxes } from '../../drivers/docker/createDockerSandbox.js';
import { guestObjects } from '../../drivers/docker/guestPaths.js';
import type { LoginShell } from '../environment/loginShell.js';

/**
 * The docker driver, loaded when something is first in a container: its client is larger than the rest of the host. Which engine
 * is meant is decided for each sandbox, by its own `driver.docker.host` and the user's login environment.
 */
export class DockerOnDemand implements SandboxDriver, Disposable {
  readonly borrowedObjects = guestObjects;
  readonly #options: DockerOptions;
  readonly #shell: LoginShell;
  #loaded: Promise<DockerSandboxes> | undefined;

  constructor(options: DockerOptions & { readonly shell: LoginShell }) {
    this.#options = options;
    this.#shell = options.shell;
  }

  async ensure(sandbox: SandboxSpec, signal: AbortSignal): Promise<Guest> {
    return (await this.#on(sandbox)).ensure(sandbox, signal);
  }

  runsIn(sandbox: SandboxRef): RunDriver {
    const runs = async (): Promise<RunDriver> => (await this.#on(sandbox)).runsIn(sandbox);
    return {
      start: async (launch: SandboxLaunch, signal) => (await runs()).start(launch, signal),
      isAlive: async (run: RunId) => (await runs()).isAlive(run),
      stop: async (run, options) => (await runs()).stop(run, options),
    };
  }

  async stop(sandbox: SandboxRef, options: { readonly graceMs: number }): Promise<void> {
    await (await this.#on(sandbox)).stop(sandbox, options);
  }

  async resume(sandbox: SandboxSpec, signal: AbortSignal): Promise<void> {
    await (await this.#on(sandbox)).resume(sandbox, signal);
  }

  async remove(sandbox: SandboxRef): Promise<void> {
    await (await this.#on(sandbox)).remove(sandbox);
  }

  async enter(sandbox: SandboxSpec, signal: AbortSignal): Promise<EntryCommand> {
    return (await this.#on(sandbox)).enter(sandbox, signal);
  }

  async inspect(sandbox: SandboxRef): Promise<SandboxInspection> {
    return (await this.#on(sandbox)).inspect(sandbox);
  }

  async stats(sandbox: SandboxRef): Promise<SandboxStats | undefined> {
    return (await this.#on(sandbox)).stats(sandbox);
  }

  async forward(sandbox: SandboxRef, port: number, signal: AbortSignal): Promise<ForwardedPort> {
    return (await this.#on(sandbox)).forward(sandbox, port, signal);
  }

  async dispose(): Promise<void> {
    // One that could not be loaded has nothing to give back.
    await (await this.#loaded?.catch(() => undefined))?.dispose();
  }

  async #on({ driver }: SandboxRef): Promise<SandboxDriver> {
    this.#loaded ??= import('../../drivers/docker/createDockerSandbox.js').then(
      ({ DockerSandboxes: Sandboxes }) => new Sandboxes(this.#options),
    );
    const [sandboxes, environment] = await Promise.all([this.#loaded, this.#shell.environment()]);
    return sandboxes.on({ environment, host: driver.name === 'docker' ? driver.host : undefined });
  }
}
