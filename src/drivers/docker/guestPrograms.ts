import type Docker from 'dockerode';
import { AppError } from '../../base/errors.js';
import type { SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { confined, fileMounts, labels, type ContainerSettings } from './containerOptions.js';
import { refusalOf, statusOf, type DockerEngine } from './dockerEngine.js';

/** Exit codes by which the probe tells what it did not find. */
const lacks = { command: 10, relay: 11 } as const;

const probe = String.raw`
command -v "$1" >/dev/null 2>&1 || exit ${lacks.command}
[ -z "$2" ] || command -v node >/dev/null 2>&1 || command -v perl >/dev/null 2>&1 || exit ${lacks.relay}
`;

/**
 * Finds out what an image has, before a run needs it: a CLI that is missing must have a name and a remedy. An image is asked
 * once for each command; the answer holds as long as it is that image with the same things mounted.
 */
export class GuestPrograms {
  readonly #engine: DockerEngine;
  readonly #answers = new Map<string, Promise<number>>();

  constructor(engine: DockerEngine) {
    this.#engine = engine;
  }

  /** Errors: `provider.missing`; `sandbox.unavailable` for an image without a shell or without anything that a relay can be. */
  async require(
    launch: SandboxLaunch,
    spec: SandboxSpec,
    settings: ContainerSettings,
    signal: AbortSignal,
  ): Promise<void> {
    const [command = ''] = launch.argv;
    const image = spec.image?.name ?? '';
    const question: Question = {
      image,
      command,
      path: launch.env['PATH'],
      relay: settings.doors.length > 0,
      mounts: fileMounts(spec, settings.state),
    };
    const code = await this.#ask(question, settings);
    signal.throwIfAborted();
    if (code === lacks.command) {
      const name = launch.provider?.name ?? command;
      const fix = `Use an image that has ${command}, or add it to this one.`;
      throw new AppError('provider.missing', `The command "${command}" is not in the image ${image}. ${fix}`, {
        provider: name,
        command,
        fix,
      });
    }
    if (code === lacks.relay)
      throw new AppError(
        'sandbox.unavailable',
        `The image ${image} has neither node nor perl. Muster needs one of them to lead the agent to its model; add one.`,
        { driver: 'docker', reason: 'no relay' },
      );
    if (code !== 0)
      throw new AppError('sandbox.unavailable', `The image ${image} was asked for ${command} and ended with ${code}.`, {
        driver: 'docker',
        reason: `probe ${code}`,
      });
  }

  async #ask(question: Question, settings: ContainerSettings): Promise<number> {
    const { Id: id } = await this.#engine.call(() => this.#engine.docker.getImage(question.image).inspect());
    const key = JSON.stringify({ ...question, image: id });
    const known = this.#answers.get(key);
    if (known) return await known;
    const asking = this.#probe(question, settings);
    this.#answers.set(key, asking);
    // "Not there" may be mended in the same image name, never in the same image; a failure to ask says nothing.
    asking.catch(() => this.#answers.delete(key));
    return await asking;
  }

  async #probe({ image, command, path, relay, mounts }: Question, settings: ContainerSettings): Promise<number> {
    try {
      const container = await this.#engine.call(() =>
        this.#engine.docker.createContainer({
          Image: image,
          Entrypoint: ['/bin/sh'],
          Cmd: ['-c', probe, 'probe', command, relay ? 'relay' : ''],
          User: settings.user,
          NetworkDisabled: true,
          Labels: { [labels.state]: settings.state, [labels.role]: 'probe' },
          ...(path === undefined ? {} : { Env: [`PATH=${path}`] }),
          HostConfig: { ...confined, NetworkMode: 'none', PidsLimit: 32, Memory: 128 * 1024 ** 2, Mounts: [...mounts] },
        }),
      );
      const ended = this.#engine.call(() => container.wait({ condition: 'next-exit' }));
      await this.#engine.call(() => container.start());
      const { StatusCode: code }: { StatusCode: number } = await ended;
      return code;
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      throw new AppError(
        'sandbox.unavailable',
        `The image ${image} cannot be used: ${refusalOf(error)}. Muster needs a /bin/sh in it.`,
        { driver: 'docker', reason: refusalOf(error) },
        { cause: error },
      );
    }
  }
}

interface Question {
  readonly image: string;
  readonly command: string;
  readonly path: string | undefined;
  readonly relay: boolean;
  readonly mounts: readonly Docker.MountSettings[];
}
