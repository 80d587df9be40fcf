import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import { dockerEndpoint, type EndpointSources } from './dockerEndpoint.js';
import { DockerEngine } from './dockerEngine.js';
import { DockerSandboxDriver } from './dockerSandboxDriver.js';
import { Doors } from '../guests/doors.js';
import { Images } from './images.js';

export interface DockerOptions {
  readonly stateDir: string;
  readonly programs: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The engines that sandboxes of this host are on, each found when it is first asked for. */
export class DockerSandboxes implements Disposable {
  readonly #options: DockerOptions;
  readonly #doors: Doors;
  readonly #places = new Map<string, { readonly driver: DockerSandboxDriver; readonly images: Images }>();

  constructor(options: DockerOptions) {
    this.#options = options;
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

  #place(sources: EndpointSources): { readonly driver: DockerSandboxDriver; readonly images: Images } {
    const endpoint = dockerEndpoint(sources);
    const key = JSON.stringify(endpoint);
    const known = this.#places.get(key);
    if (known) return known;
    const { stateDir, programs, clock, log } = this.#options;
    const engine = new DockerEngine(endpoint, sources.environment);
    const images = new Images(engine, sources.environment);
    const driver = new DockerSandboxDriver({ engine, images, stateDir, programs, clock, log, doors: this.#doors });
    const place = { driver, images };
    this.#places.set(key, place);
    return place;
  }

  async dispose(): Promise<void> {
    for (const { driver } of this.#places.values()) driver.dispose();
    await this.#doors.dispose();
  }
}
