import { errorMessage } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import type { DriverSpec } from '../../compose/projectSpec.js';
import { isConsented } from '../projects/consent.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';

/** Of something that machines have. */
export interface Share {
  readonly has: number;
  /** What those that run there asked for, whoever began them; missing: nobody may know. */
  readonly asked?: number | undefined;
}

/** What room there is where runs of an agent are, when that is elsewhere. Nothing of it is guessed: what is missing is not known. */
export interface PlaceCapacity {
  /** As a person knows the place. */
  readonly name: string;
  /** Nodes, or engines, that its runs may be on. */
  readonly machines?: { readonly ready: number; readonly all: number } | undefined;
  /** Of those that are ready. */
  readonly cpus?: Share | undefined;
  readonly memoryBytes?: Share | undefined;
  /** Runs that are there. */
  readonly atWork: number;
  /** What each of those that have no room yet waits for, in the place's words. */
  readonly waiting: readonly string[];
  /** Why something of it is not known. */
  readonly unknown?: string | undefined;
}

/** Port: a place that can say what room it has. Whoever asks often is told what was seen lately. */
export interface CapacityLook {
  /** Errors: why it does not answer. */
  capacityOf(driver: DriverSpec): Promise<PlaceCapacity>;
}

/** A place with those whose runs go there. */
export interface AgentsPlace {
  readonly driver: DriverSpec;
  readonly agents: readonly { readonly project: ProjectId; readonly agent: string }[];
  readonly capacity: PlaceCapacity;
}

interface CapacitiesOptions {
  readonly store: Store<ProjectStores>;
  readonly looks: Partial<Readonly<Record<DriverSpec['name'], CapacityLook>>>;
}

/** What room there is in the places that compose files name. */
export class Capacities {
  readonly #options: CapacitiesOptions;

  constructor(options: CapacitiesOptions) {
    this.#options = options;
  }

  /** Those of some projects, or of all. A place that a person did not agree to is not asked. */
  async list(projects: readonly ProjectId[]): Promise<readonly AgentsPlace[]> {
    const { store, looks } = this.#options;
    const places = new Map<string, { readonly driver: DriverSpec; readonly agents: AgentsPlace['agents'][number][] }>();
    for (const { id, spec, consent } of store.read(stores => stores.projects.list())) {
      if (projects.length > 0 && !projects.includes(id)) continue;
      if (!isConsented(spec, consent)) continue;
      for (const { name, driver } of spec.agents) {
        const key = placeKey(driver);
        if (key === undefined) continue;
        const place = places.get(key) ?? { driver, agents: [] };
        place.agents.push({ project: id, agent: name });
        places.set(key, place);
      }
    }
    const asked = [...places.values()].map(async ({ driver, agents }): Promise<AgentsPlace | undefined> => {
      const look = looks[driver.name];
      return look && { driver, agents, capacity: await told(look, driver) };
    });
    return (await Promise.all(asked)).filter(place => place !== undefined);
  }
}

async function told(look: CapacityLook, driver: DriverSpec): Promise<PlaceCapacity> {
  try {
    return await look.capacityOf(driver);
  } catch (error) {
    return { name: nameOf(driver), atWork: 0, waiting: [], unknown: errorMessage(error) };
  }
}

/** By which agents share a place; undefined for one that nobody can ask: an engine alone does not count what was asked of it. */
function placeKey(driver: DriverSpec): string | undefined {
  if (driver.name === 'docker') return driver.hosts && JSON.stringify([driver.name, driver.hosts]);
  if (driver.name !== 'kubernetes') return undefined;
  const { name, context, namespace, nodeSelector = [], tolerations = [] } = driver;
  return JSON.stringify([name, context ?? '', namespace ?? '', nodeSelector, tolerations]);
}

/** As the file has it. */
function nameOf(driver: DriverSpec): string {
  if (driver.name !== 'kubernetes') return driver.name;
  return [driver.context, driver.namespace].filter(word => word !== undefined).join('/') || driver.name;
}
