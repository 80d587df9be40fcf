import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { SandboxId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Watching } from '../../core/images/imageDriver.js';
import type { PlaceCapacity } from '../../core/sandboxes/placeCapacity.js';
import type { PlacedSandbox, SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import { stateDigest } from './containerOptions.js';
import { dockerEndpoint, type EndpointSources } from './dockerEndpoint.js';
import { DockerEngine } from './dockerEngine.js';
import { DockerPool } from './dockerPool.js';
import { DockerSandboxDriver } from './dockerSandboxDriver.js';
import { Doors } from '../guests/doors.js';
import { Images } from './images.js';
import { Volumes } from './volumes.js';

export interface DockerOptions {
  readonly stateDir: string;
  readonly programs: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Place {
  readonly driver: DockerSandboxDriver;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly engine: DockerEngine;
}

/** The engines that sandboxes of this host are on, each found when it is first asked for. */
export class DockerSandboxes implements Disposable {
  readonly #options: DockerOptions;
  readonly #doors: Doors;
  readonly #places = new Map<string, Place>();
  readonly #pool: DockerPool;

  constructor(options: DockerOptions) {
    this.#options = options;
    this.#pool = new DockerPool(options.clock);
    this.#doors = new Doors({ folder: join(options.stateDir, 'doors'), log: options.log });
  }

  /** Errors: `sandbox.unavailable` when no engine is found, or does not answer. */
  async on(sources: EndpointSources): Promise<SandboxDriver> {
    const { driver } = this.#place(sources);
    await driver.openDoors();
    return driver;
  }

  /** The images of an engine. Errors: as those of {@link on}. */
  imagesOn(sources: EndpointSources): Images {
    return this.#place(sources).images;
  }

  /** The volumes of an engine. Errors: as those of {@link on}. */
  volumesOn(sources: EndpointSources): Volumes {
    return this.#place(sources).volumes;
  }

  /**
   * The address of one of several engines, as it was given. Errors: `sandbox.unavailable` for an address that is none, and where none of them is large enough; the
   * signal's reason.
   */
  async place(
    hosts: readonly string[],
    sandbox: PlacedSandbox,
    watching: { readonly environment: EndpointSources['environment'] } & Watching,
  ): Promise<string> {
    const { environment, signal, onStep } = watching;
    const engines = this.#enginesOf(hosts, environment);
    const engine = await this.#pool.place([...engines.keys()], sandbox, signal, onStep);
    return engines.get(engine) ?? engine.address;
  }

  /** What several engines have together. Errors: `sandbox.unavailable` for an address that is none. */
  async capacityOf(hosts: readonly string[], environment: EndpointSources['environment']): Promise<PlaceCapacity> {
    return await this.#pool.capacityOf([...this.#enginesOf(hosts, environment).keys()]);
  }

  /** As of {@link DockerPool.settled}. */
  settled(id: SandboxId): void {
    this.#pool.settled(id);
  }

  /** With their addresses as they were given. */
  #enginesOf(hosts: readonly string[], environment: EndpointSources['environment']): Map<DockerEngine, string> {
    return new Map(hosts.map(host => [this.#place({ host, environment }).engine, host]));
  }

  #place(sources: EndpointSources): Place {
    const endpoint = dockerEndpoint(sources);
    const key = JSON.stringify(endpoint);
    const known = this.#places.get(key);
    if (known) return known;
    const { stateDir, programs, clock, log } = this.#options;
    const engine = new DockerEngine(endpoint, sources.environment);
    const images = new Images(engine, sources.environment);
    const driver = new DockerSandboxDriver({ engine, images, stateDir, programs, clock, log, doors: this.#doors });
    const volumes = new Volumes(engine, stateDigest(stateDir));
    const place = { driver, images, volumes, engine };
    this.#places.set(key, place);
    return place;
  }

  async dispose(): Promise<void> {
    for (const { driver } of this.#places.values()) driver.dispose();
    await this.#doors.dispose();
  }
}
