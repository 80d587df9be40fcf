import { createHash } from 'node:crypto';
import { join, posix } from 'node:path';
import type Docker from 'dockerode';
import { AppError, errorMessage, isAnyAppError, isAppError } from '../../base/errors.js';
import { textField } from '../../base/unknownFields.js';
import type { AgentImage } from '../../core/images/agentImage.js';
import { builtLabel, withTag, type Image, type ImageBuild, type ImageRemoval } from '../../core/images/image.js';
import type { PullRequest, Watching } from '../../core/images/imageDriver.js';
import { buildContext, readContextFile } from './buildContext.js';
import { found, refusalOf, statusOf, type DockerEngine } from './dockerEngine.js';
import { finished } from './imageProgress.js';
import { sent } from '../guests/packing.js';
import { registryLogin, registryOf, withRegistry } from '../guests/registryLogin.js';

/** Of who pulls: its login to registries, and the registry of names without one. */
export type ImageEnvironment = Readonly<Record<string, string>>;

/** The images of one engine. */
export class Images {
  readonly #engine: DockerEngine;
  readonly #environment: ImageEnvironment;
  /** One at a time for each name; twenty dispatches wait for the same one. */
  readonly #underWay = new Map<string, Promise<Image>>();

  constructor(engine: DockerEngine, environment: ImageEnvironment) {
    this.#engine = engine;
    this.#environment = environment;
  }

  /** Builds or fetches what a run needs, as its policy says. Errors: `sandbox.unavailable`, the signal's reason. */
  async require({ name, build, pull }: AgentImage, { signal, onStep }: Watching): Promise<void> {
    const present = await this.find(name);
    const stale = build && present?.labels[builtLabel] !== (await recipeDigest(build));
    if (present && pull !== 'always' && !stale) return;
    signal.throwIfAborted();
    // Whoever has that name in a registry, it is not us.
    if (!present && !build && withTag(name) === guestImage)
      throw unavailable(
        `The image ${name} is not on ${this.#where} yet. \`muster image build\` makes it.`,
        'not built',
      );
    if (!present && pull === 'never') {
      const reason = 'sandbox.pull is never';
      throw unavailable(
        `The image ${name} is not on ${this.#where}, and ${reason}. Build or fetch it yourself.`,
        reason,
      );
    }
    try {
      await this.#once(name, () =>
        build ? this.build(build, { signal: unending, onStep }) : this.pull({ name }, { signal: unending, onStep }),
      );
    } catch (error) {
      // One that is there serves when nobody can be asked for a newer one.
      if (present && !stale && isAnyAppError(error)) return;
      if (!isAppError(error, 'image.failed')) throw error;
      throw unavailable(error.message, error.data.reason, error);
    }
    signal.throwIfAborted();
  }

  async list(): Promise<readonly Image[]> {
    const { docker } = this.#engine;
    const [images, containers] = await this.#engine.call(() =>
      Promise.all([docker.listImages(), docker.listContainers({ all: true })]),
    );
    return images.map(image => ({
      id: image.Id,
      names: (image.RepoTags ?? []).filter(isName),
      digests: (image.RepoDigests ?? []).filter(isName),
      createdAt: image.Created * 1000,
      sizeBytes: image.Size,
      labels: labelsOf(image),
      containers: containers.filter(({ ImageID: id }) => id === image.Id).length,
    }));
  }

  async find(name: string): Promise<Image | undefined> {
    const facts = await this.#inspect(name);
    if (!facts) return undefined;
    return {
      id: facts.Id,
      names: facts.RepoTags ?? [],
      digests: facts.RepoDigests ?? [],
      createdAt: Date.parse(facts.Created),
      sizeBytes: facts.Size,
      os: facts.Os,
      architecture: facts.Architecture,
      labels: labelsOf(facts.Config),
      containers: 0,
    };
  }

  async inspect(name: string): Promise<object | undefined> {
    return await this.#inspect(name);
  }

  /** Errors: `image.failed`, `sandbox.unavailable`, the signal's reason. */
  async pull({ name, platform }: PullRequest, watching: Watching): Promise<Image> {
    const reference = withTag(withRegistry(name, this.#environment));
    try {
      const authconfig = await registryLogin(reference, this.#environment);
      const options = { ...(platform === undefined ? {} : { platform }), ...(authconfig ? { authconfig } : {}) };
      const stream = await this.#engine.call(() => this.#engine.docker.pull(reference, options));
      await finished(this.#engine.docker, stream, watching);
      // Whoever asked for it by a short name finds it under that.
      if (reference !== withTag(name)) {
        await this.#tag(reference, name);
      }
      return await this.#there(name);
    } catch (error) {
      watching.signal.throwIfAborted();
      if (isAnyAppError(error)) throw error;
      const reason = refusalOf(error);
      const fix = registryAdvice(reason, registryOf(reference));
      throw failed(name, `The image ${name} is not on ${this.#where}, and it could not be fetched`, {
        reason,
        fix,
        error,
      });
    }
  }

  /** Errors: `image.failed`, `sandbox.unavailable`, the signal's reason. */
  async build(build: ImageBuild, watching: Watching): Promise<Image> {
    const { context, dockerfile, names, args, target, platform, noCache, pull } = build;
    const [name, ...others] = names;
    try {
      const recipe = await recipeDigest(build);
      const options: Docker.ImageBuildOptions = {
        dockerfile: posix.normalize(dockerfile),
        t: withTag(name),
        buildargs: { ...args },
        labels: { [builtLabel]: recipe },
        rm: true,
        forcerm: true,
        nocache: noCache,
        pull,
        ...(target === undefined ? {} : { target }),
        ...(platform === undefined ? {} : { platform }),
      };
      const files = await buildContext(context, dockerfile);
      watching.signal.throwIfAborted();
      const { archive, abortSignal } = files;
      const asked = { ...options, abortSignal };
      const stream = await sent(files, () => this.#engine.call(() => this.#engine.docker.buildImage(archive, asked)));
      await finished(this.#engine.docker, stream, watching);
      for (const other of others) await this.#tag(name, other);
      return await this.#there(name);
    } catch (error) {
      watching.signal.throwIfAborted();
      if (isAnyAppError(error)) throw error;
      const what = `The image ${name} could not be built of ${join(context, dockerfile)}`;
      throw failed(name, what, { reason: refusalOf(error), fix: '', error });
    }
  }

  /** Errors: `image.failed` for one that is in use, `sandbox.unavailable`. */
  async remove(name: string, { force }: { readonly force: boolean }): Promise<ImageRemoval> {
    try {
      const said: unknown = await this.#engine.call(() => this.#engine.docker.getImage(name).remove({ force }));
      const steps: readonly unknown[] = Array.isArray(said) ? said : [];
      const texts = (kind: 'Untagged' | 'Deleted'): string[] =>
        steps.map(step => textField(step, kind)).filter(text => text !== '');
      return { untagged: texts('Untagged'), deleted: texts('Deleted') };
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      throw failed(name, `The image ${name} was not removed`, { reason: refusalOf(error), fix: '', error });
    }
  }

  get #where(): string {
    return `the Docker Engine at ${this.#engine.address}`;
  }

  async #inspect(name: string): Promise<Docker.ImageInspectInfo | undefined> {
    return await this.#engine.call(() => found(this.#engine.docker.getImage(name).inspect()));
  }

  /** Gives an image one more name. */
  async #tag(image: string, name: string): Promise<void> {
    const [repo, tag] = splitTag(withTag(name));
    await this.#engine.call(() => this.#engine.docker.getImage(image).tag({ repo, tag }));
  }

  async #there(name: string): Promise<Image> {
    const image = await this.find(name);
    if (image) return image;
    throw failed(name, `The image ${name} is not there`, { reason: 'the engine made none', fix: '', error: undefined });
  }

  async #once(name: string, work: () => Promise<Image>): Promise<Image> {
    const known = this.#underWay.get(name);
    if (known) return await known;
    const working = work().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, working);
    return await working;
  }
}

/** The one that `muster image build` makes. */
const guestImage = 'muster-guest:latest';

/** What several wait for goes on when one of them does not want it any more. */
const unending = new AbortController().signal;

/** Another one whenever an image would be built another way: its Dockerfile, and what the file says about it. */
async function recipeDigest(build: ImageBuild): Promise<string> {
  const { context, dockerfile, target, args, platform } = build;
  const inside = posix.normalize(dockerfile);
  if (inside.startsWith('..') || posix.isAbsolute(inside))
    throw failed(build.names[0], `${dockerfile} is not in ${context}`, {
      reason: 'outside',
      fix: '',
      error: undefined,
    });
  try {
    const text = await readContextFile(join(context, inside));
    return createHash('sha256').update(JSON.stringify({ text, target, args, platform })).digest('hex').slice(0, 32);
  } catch (error) {
    const what = `The image ${build.names[0]} is built of ${join(context, inside)}`;
    throw failed(build.names[0], what, { reason: errorMessage(error), fix: '', error });
  }
}

function failed(
  image: string,
  what: string,
  { reason, fix, error }: { readonly reason: string; readonly fix: string; readonly error: unknown },
): AppError<'image.failed'> {
  const message = `${what}: ${reason}.${fix === '' ? '' : ` ${fix}`}`;
  return new AppError('image.failed', message, { image, reason }, { cause: error });
}

function unavailable(message: string, reason: string, cause?: unknown): AppError<'sandbox.unavailable'> {
  return new AppError('sandbox.unavailable', message, { driver: 'docker', reason }, { cause });
}

/** Mirrors, and registries without TLS, are the engine's to know: it is the engine that fetches. */
function registryAdvice(reason: string, registry: string): string {
  if (/server gave HTTP response to HTTPS client|certificate/i.test(reason))
    return `If you trust ${registry} as it is, add it to insecure-registries in the engine's daemon.json.`;
  if (/unauthorized|denied|authentication/i.test(reason)) return `Log in with \`docker login ${registry}\`.`;
  return 'Check its name, or build or pull it yourself.';
}

function splitTag(name: string): readonly [string, string] {
  const at = name.lastIndexOf(':');
  return [name.slice(0, at), name.slice(at + 1)];
}

function isName(name: string): boolean {
  return !name.includes('<none>');
}

function labelsOf({ Labels: labels }: { readonly Labels?: Readonly<Record<string, string>> | null }) {
  return labels ?? {};
}
