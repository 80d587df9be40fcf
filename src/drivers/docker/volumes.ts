import type { VolumeInspectInfo } from 'dockerode';
import { AppError } from '../../base/errors.js';
import { textField } from '../../base/unknownFields.js';
import type { NewVolume, Volume } from '../../core/volumes/volumeDriver.js';
import { isVolumeOfRuns, labels as ownLabels } from './containerOptions.js';
import { found, refusalOf, statusOf, type DockerEngine } from './dockerEngine.js';

/** The volumes of one engine that this host made. */
export class Volumes {
  readonly #engine: DockerEngine;
  /** Digest of the state directory. */
  readonly #state: string;

  constructor(engine: DockerEngine, state: string) {
    this.#engine = engine;
    this.#state = state;
  }

  async list(): Promise<readonly Volume[]> {
    const { docker } = this.#engine;
    const filters = { label: [`${ownLabels.state}=${this.#state}`] };
    const [listed, countOf] = await this.#engine.call(() =>
      Promise.all([docker.listVolumes({ filters }), this.#containers()]),
    );
    return allOf(listed)
      .filter(volume => this.#isOurs(volume))
      .map(volume => volumeOf(volume, countOf(volume)));
  }

  /** Errors: `volume.failed`, `sandbox.unavailable`. */
  async create({ name, labels }: NewVolume): Promise<{ readonly volume: Volume; readonly created: boolean }> {
    if (isVolumeOfRuns(name)) throw failed(name, 'made', 'names like that are of runs');
    const there = await this.#found(name);
    if (there === 'of others') throw failed(name, 'made', 'something else has that name');
    if (there) return { volume: there, created: false };
    const options = {
      Name: name,
      Driver: 'local',
      // Its own come last: they are what it is found, and removed, by.
      Labels: { ...labels, [ownLabels.state]: this.#state },
    };
    await this.#asked(name, 'made', () => this.#engine.docker.createVolume(options));
    // The engine gives back one that somebody has made meanwhile as if it had made it.
    const made = await this.#found(name);
    if (made === 'of others') throw failed(name, 'made', 'something else has that name');
    if (!made) throw failed(name, 'made', 'somebody else removed it at once');
    return { volume: made, created: true };
  }

  /** Errors: `volume.failed`, `sandbox.unavailable`. */
  async remove(name: string): Promise<void> {
    const there = await this.#found(name);
    if (!there) throw failed(name, 'removed', 'it is not there');
    if (there === 'of others') throw failed(name, 'removed', 'this host did not make it');
    // Never forced: what a container has is refused by the engine.
    await this.#asked(name, 'removed', () => this.#engine.docker.getVolume(name).remove());
  }

  /** `undefined` for one that is not there; of one that this host did not make, only that. */
  async #found(name: string): Promise<Volume | 'of others' | undefined> {
    const { docker } = this.#engine;
    const [volume, countOf] = await this.#engine.call(() =>
      Promise.all([found(docker.getVolume(name).inspect()), this.#containers()]),
    );
    if (!volume) return undefined;
    return this.#isOurs(volume) ? volumeOf(volume, countOf(volume)) : 'of others';
  }

  /** How many containers have a volume, whoever made them. */
  async #containers(): Promise<(volume: VolumeInspectInfo) => number> {
    const containers = await this.#engine.docker.listContainers({ all: true });
    const mounted = containers.map(({ Mounts: mounts }) => new Set(mounts.map(({ Name: name }) => name)));
    return ({ Name: name }) => mounted.filter(names => names.has(name)).length;
  }

  #isOurs({ Name: name, Labels: labels }: VolumeInspectInfo): boolean {
    return textField(labels, ownLabels.state) === this.#state && !isVolumeOfRuns(name);
  }

  async #asked<T>(name: string, done: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#engine.call(work);
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      throw failed(name, done, refusalOf(error), error);
    }
  }
}

/** An engine that has none says so with `null`. */
function allOf({ Volumes: volumes }: { readonly Volumes: readonly VolumeInspectInfo[] | null }) {
  return volumes ?? [];
}

function volumeOf(volume: VolumeInspectInfo, containers: number): Volume {
  const { Name: name, Mountpoint: path, Labels: all } = volume;
  const labels = Object.fromEntries(Object.entries(all).filter(([label]) => label !== ownLabels.state));
  const created = Date.parse(textField(volume, 'CreatedAt'));
  return { name, path, labels, createdAt: Number.isNaN(created) ? 0 : created, containers };
}

function failed(volume: string, done: string, reason: string, cause?: unknown): AppError<'volume.failed'> {
  return new AppError(
    'volume.failed',
    `The volume ${volume} was not ${done}: ${reason}.`,
    { volume, reason },
    { cause },
  );
}
