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
    const [listed, containers] = await this.#engine.call(() =>
      Promise.all([docker.listVolumes({ filters }), docker.listContainers({ all: true })]),
    );
    const mounted = containers.map(({ Mounts: mounts }) => new Set(mounts.map(({ Name: name }) => name)));
    return allOf(listed)
      .filter(volume => this.#isOurs(volume))
      .map(volume => volumeOf(volume, mounted.filter(names => names.has(volume.Name)).length));
  }

  /** Errors: `volume.failed`, `sandbox.unavailable`. */
  async create({ name, labels }: NewVolume): Promise<{ readonly volume: Volume; readonly created: boolean }> {
    if (isVolumeOfRuns(name)) throw failed(name, 'made', 'names like that are of runs');
    const there = await this.#ours(name);
    if (there) return { volume: there, created: false };
    const options = {
      Name: name,
      Driver: 'local',
      // Its own come last: they are what it is found, and removed, by.
      Labels: { ...labels, [ownLabels.state]: this.#state },
    };
    await this.#asked(name, 'made', () => this.#engine.docker.createVolume(options));
    // The engine gives back one that somebody has made meanwhile as if it had made it.
    const made = await this.#ours(name);
    if (made) return { volume: made, created: true };
    throw failed(name, 'made', 'something else has that name');
  }

  /** Errors: `volume.failed`, `sandbox.unavailable`. */
  async remove(name: string): Promise<void> {
    if (!(await this.#ours(name))) throw failed(name, 'removed', 'this host did not make it');
    // Never forced: what a container has is refused by the engine.
    await this.#asked(name, 'removed', () => this.#engine.docker.getVolume(name).remove());
  }

  /** `undefined` for one that is not there. Errors: `volume.failed` for one that somebody else made. */
  async #ours(name: string): Promise<Volume | undefined> {
    const volume = await this.#engine.call(() => found(this.#engine.docker.getVolume(name).inspect()));
    if (!volume) return undefined;
    if (!this.#isOurs(volume)) throw failed(name, 'touched', 'something else has that name');
    return volumeOf(volume, 0);
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
