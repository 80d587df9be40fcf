import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
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
import type { DriverSpec } from '../../compose/projectSpec.js';
import type { OnImageStep } from '../../core/images/image.js';
import type { ImageDriver } from '../../core/images/imageDriver.js';
import type { EndpointSources } from '../../drivers/docker/dockerEndpoint.js';
import type { Images } from '../../drivers/docker/images.js';
import type { DockerOptions, DockerSandboxes } from '../../drivers/docker/createDockerSandbox.js';
import { guestObjects } from '../../drivers/guests/guestPaths.js';
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

  async ensure(sandbox: SandboxSpec, signal: AbortSignal, onStep?: OnImageStep): Promise<Guest> {
    return (await this.#on(sandbox)).ensure(sandbox, signal, onStep);
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

  async forward(sandbox: SandboxRef, to: InsidePort, signal: AbortSignal): Promise<ForwardedPort> {
    return (await this.#on(sandbox)).forward(sandbox, to, signal);
  }

  async dispose(): Promise<void> {
    // One that could not be loaded has nothing to give back.
    await (await this.#loaded?.catch(() => undefined))?.dispose();
  }

  /** The images of the same engines. */
  readonly images: ImageDriver = {
    list: async engine => (await this.#imagesOn(engine)).list(),
    find: async (engine, name) => (await this.#imagesOn(engine)).find(name),
    inspect: async (engine, name) => (await this.#imagesOn(engine)).inspect(name),
    pull: async (engine, request, watching) => (await this.#imagesOn(engine)).pull(request, watching),
    build: async (engine, build, watching) => (await this.#imagesOn(engine)).build(build, watching),
    remove: async (engine, name, options) => (await this.#imagesOn(engine)).remove(name, options),
  };

  async #imagesOn(driver: DriverSpec): Promise<Images> {
    const { sandboxes, sources } = await this.#place(driver);
    return sandboxes.imagesOn(sources);
  }

  async #on({ driver }: SandboxRef): Promise<SandboxDriver> {
    const { sandboxes, sources } = await this.#place(driver);
    return sandboxes.on(sources);
  }

  async #place(
    driver: DriverSpec,
  ): Promise<{ readonly sandboxes: DockerSandboxes; readonly sources: EndpointSources }> {
    this.#loaded ??= import('../../drivers/docker/createDockerSandbox.js').then(
      ({ DockerSandboxes: Sandboxes }) => new Sandboxes(this.#options),
    );
    const [sandboxes, environment] = await Promise.all([this.#loaded, this.#shell.environment()]);
    return { sandboxes, sources: { environment, host: driver.name === 'docker' ? driver.host : undefined } };
  }
}
