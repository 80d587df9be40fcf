import { AppError } from '../../base/errors.js';
import { found, refusalOf, statusOf, type DockerEngine } from './dockerEngine.js';

/** Sees to it that images are there. */
export class Images {
  readonly #engine: DockerEngine;
  /** One pull at a time for each name; twenty dispatches wait for the same one. */
  readonly #pulls = new Map<string, Promise<void>>();

  constructor(engine: DockerEngine) {
    this.#engine = engine;
  }

  /** Fetches the image unless the engine has it. Errors: `sandbox.unavailable`, the signal's reason. */
  async require(name: string, signal: AbortSignal): Promise<void> {
    const image = this.#engine.docker.getImage(name);
    if (await this.#engine.call(() => found(image.inspect()))) return;
    signal.throwIfAborted();
    const pulling = this.#pulls.get(name) ?? this.#pull(name);
    this.#pulls.set(name, pulling);
    // Whoever waits for it hears of a failure; here it only ends.
    void pulling.catch(() => undefined).then(() => this.#pulls.delete(name));
    await pulling;
    signal.throwIfAborted();
  }

  async #pull(name: string): Promise<void> {
    try {
      const stream = await this.#engine.call(() => this.#engine.docker.pull(withTag(name)));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#engine.docker.modem.followProgress(stream, error => (error ? reject(error) : resolve()));
      await promise;
    } catch (error) {
      if (statusOf(error) === undefined && error instanceof AppError) throw error;
      throw new AppError(
        'sandbox.unavailable',
        `The image ${name} is not on the Docker Engine at ${this.#engine.address}, and it could not be fetched: ${refusalOf(error)}. Check its name, or build or pull it yourself.`,
        { driver: 'docker', reason: refusalOf(error) },
        { cause: error },
      );
    }
  }
}

/** Without a tag or digest the engine would fetch every tag there is. */
export function withTag(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') ? name : `${name}:latest`;
}
