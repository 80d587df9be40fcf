import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import { dockerEndpoint, type EndpointSources } from './dockerEndpoint.js';
import { DockerEngine } from './dockerEngine.js';
import { DockerSandboxDriver } from './dockerSandboxDriver.js';
import { Doors } from './doors.js';

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
  readonly #drivers = new Map<string, DockerSandboxDriver>();

  constructor(options: DockerOptions) {
    this.#options = options;
    this.#doors = new Doors({ folder: join(options.stateDir, 'doors'), log: options.log });
  }

  /** Errors: `sandbox.unavailable` when no engine is found, or does not answer. */
  async on(sources: EndpointSources): Promise<SandboxDriver> {
    const endpoint = dockerEndpoint(sources);
    const key = JSON.stringify(endpoint);
    const known = this.#drivers.get(key);
    if (known) {
      await known.openDoors();
      return known;
    }
    const { stateDir, programs, clock } = this.#options;
    const engine = new DockerEngine(endpoint);
    const driver = new DockerSandboxDriver({ engine, stateDir, programs, clock, doors: this.#doors });
    this.#drivers.set(key, driver);
    await driver.openDoors();
    return driver;
  }

  async dispose(): Promise<void> {
    await this.#doors.dispose();
  }
}
