import type { DriverSpec } from '../../compose/projectSpec.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { ImageDriver } from '../../core/images/imageDriver.js';
import type { OnImageStep } from '../../core/images/image.js';
import type { CapacityLook, PlaceCapacity } from '../../core/sandboxes/placeCapacity.js';
import type { PlacedSandbox, SandboxDriver, SandboxRef } from '../../core/sandboxes/sandboxDriver.js';
import type { DockerOptions, DockerSandboxes } from '../../drivers/docker/createDockerSandbox.js';
import type { EndpointSources } from '../../drivers/docker/dockerEndpoint.js';
import type { VolumeDriver } from '../../core/volumes/volumeDriver.js';
import type { Images } from '../../drivers/docker/images.js';
import type { Volumes } from '../../drivers/docker/volumes.js';
import type { LoginShell } from '../environment/loginShell.js';
import { SandboxOnDemand } from './sandboxOnDemand.js';

/**
 * The docker driver, loaded when something is first in a container: its client is larger than the rest of the host. Which engine
 * is meant is decided for each sandbox, by its own `driver.docker.host` and the user's login environment.
 */
export class DockerOnDemand extends SandboxOnDemand implements CapacityLook, Disposable {
  readonly #options: DockerOptions;
  readonly #shell: LoginShell;
  #loaded: Promise<DockerSandboxes> | undefined;

  constructor(options: DockerOptions & { readonly shell: LoginShell }) {
    super();
    this.#options = options;
    this.#shell = options.shell;
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

  /** The volumes of the same engines. */
  readonly volumes: VolumeDriver = {
    list: async engine => (await this.#volumesOn(engine)).list(),
    create: async (engine, volume) => (await this.#volumesOn(engine)).create(volume),
    remove: async (engine, name) => (await this.#volumesOn(engine)).remove(name),
  };

  /** One engine of several; of one there is no choice. */
  async place(sandbox: PlacedSandbox, signal: AbortSignal, onStep?: OnImageStep): Promise<DriverSpec> {
    const { driver } = sandbox;
    if (driver.name !== 'docker' || !driver.hosts) return driver;
    const { sandboxes, sources } = await this.#place(driver);
    const { environment } = sources;
    return { name: 'docker', host: await sandboxes.place(driver.hosts, sandbox, { environment, signal, onStep }) };
  }

  async capacityOf(driver: DriverSpec): Promise<PlaceCapacity> {
    const { sandboxes, sources } = await this.#place(driver);
    return await sandboxes.capacityOf(driver.name === 'docker' ? (driver.hosts ?? []) : [], sources.environment);
  }

  /** Nothing was placed before the driver was loaded. */
  settled({ id }: Pick<SandboxRef, 'id'>): void {
    this.#loaded?.then(sandboxes => sandboxes.settled(id)).catch(() => undefined);
  }

  async #imagesOn(driver: DriverSpec): Promise<Images> {
    const { sandboxes, sources } = await this.#place(driver);
    return sandboxes.imagesOn(sources);
  }

  async #volumesOn(driver: DriverSpec): Promise<Volumes> {
    const { sandboxes, sources } = await this.#place(driver);
    return sandboxes.volumesOn(sources);
  }

  protected override async on({ driver }: SandboxRef): Promise<SandboxDriver> {
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
    // Images that are made before a run is placed are made on the first.
    const host = driver.name === 'docker' ? (driver.host ?? driver.hosts?.[0]) : undefined;
    return { sandboxes, sources: { environment, host } };
  }
}
