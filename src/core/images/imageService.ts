import { AppError, errorMessage } from '../../base/errors.js';
import type { DriverSpec } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { SandboxStores } from '../sandboxes/sandboxStore.js';
import type { Store } from '../store.js';
import { agentImage } from './agentImage.js';
import { builtLabel, withTag, type Image, type ImageBuild } from './image.js';
import type { ImageDriver, PullRequest, Watching } from './imageDriver.js';

export interface Pruned {
  readonly image: Image;
  /** Why it could not be removed; missing: it was, or would be. */
  readonly problem?: string;
}

interface ImageServiceOptions {
  readonly store: Store<ProjectStores & SandboxStores>;
  readonly driver: ImageDriver;
  /** How the image of our own is built. */
  readonly guest: ImageBuild;
}

/** What people do with the images that agents run in. */
export class ImageService {
  readonly #options: ImageServiceOptions;

  constructor(options: ImageServiceOptions) {
    this.#options = options;
  }

  list(engine: DriverSpec): Promise<readonly Image[]> {
    return this.#options.driver.list(engine);
  }

  /** Errors: `image.unknown`. */
  async inspect(engine: DriverSpec, name: string): Promise<object> {
    const found = await this.#options.driver.inspect(engine, name);
    if (found) return found;
    throw new AppError('image.unknown', `The engine has no image ${name}.`, { image: name });
  }

  pull(engine: DriverSpec, request: PullRequest, watching: Watching): Promise<Image> {
    return this.#options.driver.pull(engine, request, watching);
  }

  build(engine: DriverSpec, build: ImageBuild, watching: Watching): Promise<Image> {
    return this.#options.driver.build(engine, build, watching);
  }

  /** How the image of an agent is built, and where. Errors: `agent.unknown`, `request.invalid` for one that builds none. */
  ofAgent(project: Project, name: string): { readonly engine: DriverSpec; readonly build: ImageBuild } {
    const agent = project.spec.agents.find(each => each.name === name);
    if (!agent) {
      const known = project.spec.agents.map(each => each.name);
      throw new AppError('agent.unknown', `There is no agent ${name} in ${project.file}.`, { agent: name, known });
    }
    const build = agentImage(agent, project)?.build;
    if (build) return { engine: agent.driver, build };
    throw new AppError('request.invalid', `Agent ${name} has no build: its image is fetched.`, {
      field: `agents.${name}.build`,
      reason: 'no build',
    });
  }

  /** How the image of our own is built. */
  ofGuest(changes: Partial<ImageBuild>): ImageBuild {
    const { guest } = this.#options;
    return { ...guest, ...changes, args: { ...guest.args, ...changes.args } };
  }

  /** Errors: `image.unknown`, `image.failed` for one that is in use. */
  async remove(engine: DriverSpec, name: string, options: { readonly force: boolean }) {
    if (!(await this.#options.driver.find(engine, name)))
      throw new AppError('image.unknown', `The engine has no image ${name}.`, { image: name });
    return await this.#options.driver.remove(engine, name, options);
  }

  /**
   * Removes what Muster built and no agent of an applied project, no sandbox and no container needs any more. Images that were
   * fetched stay: other programs may have fetched them.
   */
  async prune(engine: DriverSpec, { dryRun }: { readonly dryRun: boolean }): Promise<readonly Pruned[]> {
    const { driver } = this.#options;
    const needed = this.#needed();
    const unused = (await driver.list(engine)).filter(
      image =>
        Object.hasOwn(image.labels, builtLabel) &&
        image.containers === 0 &&
        !image.names.some(name => needed.has(name)),
    );
    const pruned: Pruned[] = [];
    for (const image of unused) pruned.push(dryRun ? { image } : await this.#removeUnused(engine, image));
    return pruned;
  }

  async #removeUnused(engine: DriverSpec, image: Image): Promise<Pruned> {
    try {
      // By its names: by its id it would have to be forced, and then it would go from under a container that is just being made.
      for (const name of image.names.length === 0 ? [image.id] : image.names)
        await this.#options.driver.remove(engine, name, { force: false });
      return { image };
    } catch (error) {
      return { image, problem: errorMessage(error) };
    }
  }

  #needed(): ReadonlySet<string> {
    const { store, guest } = this.#options;
    return store.read(stores => {
      const agents = stores.projects
        .list()
        .filter(({ removedAt }) => removedAt === undefined)
        .flatMap(project => project.spec.agents.map(agent => agentImage(agent, project)?.name));
      const sandboxes = stores.sandboxes.list().map(({ image }) => image);
      const names = [...guest.names, ...agents, ...sandboxes].filter(name => name !== undefined);
      return new Set(names.map(withTag));
    });
  }
}
