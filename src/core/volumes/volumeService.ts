import { AppError, isAppError } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import type { DriverSpec } from '../../compose/projectSpec.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { volumeName } from '../sandboxes/sandboxMounts.js';
import type { Store } from '../store.js';
import type { NewVolume, Volume, VolumeDriver } from './volumeDriver.js';

/** A volume, and the applied projects of which an agent names it. */
export interface UsedVolume extends Volume {
  readonly projects: readonly ProjectId[];
}

/** Which volumes are pruned: all that nobody needs, unless it says otherwise. */
export interface Pruning {
  /** Only those whose names have it, in whatever case. */
  readonly query?: string;
  /** Only those that agents of this project name. */
  readonly project?: ProjectId;
  readonly dryRun: boolean;
}

/** What people do with the volumes that agents have. */
export class VolumeService {
  readonly #store: Store<ProjectStores>;
  readonly #driver: VolumeDriver;

  constructor({ store, driver }: { readonly store: Store<ProjectStores>; readonly driver: VolumeDriver }) {
    this.#store = store;
    this.#driver = driver;
  }

  async list(engine: DriverSpec): Promise<readonly UsedVolume[]> {
    const volumes = await this.#driver.list(engine);
    const users = this.#users();
    return volumes.map(volume => ({ ...volume, projects: users.get(volume.name) ?? [] }));
  }

  /** Errors: `volume.failed` for a name that something else has. */
  async create(
    engine: DriverSpec,
    wanted: NewVolume,
  ): Promise<{ readonly volume: UsedVolume; readonly created: boolean }> {
    const { volume, created } = await this.#driver.create(engine, wanted);
    return { volume: { ...volume, projects: this.#users().get(volume.name) ?? [] }, created };
  }

  /** Errors: `volume.unknown`, also for one that this host did not make; `volume.failed` for one that is needed. */
  async remove(engine: DriverSpec, name: string, { force }: { readonly force: boolean }): Promise<void> {
    const found = (await this.list(engine)).find(volume => volume.name === name);
    if (!found)
      throw new AppError('volume.unknown', `This host made no volume ${name} on that engine.`, { volume: name });
    if (found.projects.length > 0 && !force)
      throw new AppError('volume.failed', `The volume ${name} was not removed: agents name it. Remove it with force.`, {
        volume: name,
        reason: 'agents name it',
      });
    await this.#driver.remove(engine, name);
  }

  /** Removes what no agent names and no container has; with `dryRun` it only tells. */
  async prune(
    engine: DriverSpec,
    { query = '', project, dryRun }: Pruning,
  ): Promise<{ readonly removed: readonly UsedVolume[]; readonly needed: readonly UsedVolume[] }> {
    const meant = (await this.list(engine)).filter(
      ({ name, projects }) =>
        name.toLowerCase().includes(query.toLowerCase()) && (project === undefined || projects.includes(project)),
    );
    const needed = meant.filter(isNeeded);
    const removed: UsedVolume[] = [];
    for (const volume of meant.filter(each => !isNeeded(each)))
      try {
        if (!dryRun) await this.remove(engine, volume.name, { force: false });
        removed.push(volume);
      } catch (error) {
        // Somebody needs it by now, or has removed it.
        if (isAppError(error, 'volume.failed')) needed.push(volume);
        else if (!isAppError(error, 'volume.unknown')) throw error;
      }
    return { removed, needed };
  }

  /** The projects that need each volume, by its name. */
  #users(): ReadonlyMap<string, readonly ProjectId[]> {
    const users = new Map<string, Set<ProjectId>>();
    for (const project of this.#store.read(stores => stores.projects.list())) {
      if (project.removedAt !== undefined) continue;
      for (const { type, source } of project.spec.agents.flatMap(agent => agent.volumes)) {
        if (type !== 'volume') continue;
        const name = volumeName(source, project);
        users.set(name, (users.get(name) ?? new Set()).add(project.id));
      }
    }
    return new Map([...users].map(([name, projects]) => [name, [...projects]]));
  }
}

function isNeeded({ containers, projects }: UsedVolume): boolean {
  return containers > 0 || projects.length > 0;
}
