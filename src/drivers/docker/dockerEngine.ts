import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { AppError, errorMessage } from '../../base/errors.js';
import { fieldOf, numberField, textField } from '../../base/unknownFields.js';
import { systemCode } from '../../node/systemError.js';
import { SshConnections } from './sshConnection.js';
import { endpointText, type DockerEndpoint } from './dockerEndpoint.js';

/** What is to be known of an engine before anything is made on it. */
export interface EngineFacts {
  /** Root inside is the user outside. */
  readonly rootless: boolean;
  /** Docker Desktop and the like: the engine is in a virtual machine, to which unix sockets of this one mean nothing. */
  readonly remote: boolean;
  readonly processors: number;
  readonly memoryBytes: number;
}

/** One engine. */
export class DockerEngine {
  readonly address: string;
  readonly docker: Docker;
  #facts: Promise<EngineFacts> | undefined;

  /**
   * It may be another machine's: none of this machine's folders and sockets are there. Whoever is asked over the network is taken
   * for elsewhere; only a socket is certainly here.
   */
  readonly elsewhere: boolean;

  constructor(endpoint: DockerEndpoint, environment: Readonly<Record<string, string>>) {
    this.address = endpointText(endpoint);
    this.elsewhere = endpoint.kind !== 'socket';
    this.docker = new Docker(connection(endpoint));
    // The library has an SSH client of its own, which knows neither the user's configuration nor known hosts.
    if (endpoint.kind === 'ssh')
      Reflect.set(this.docker.modem, 'agent', new SshConnections(endpoint.address, environment));
  }

  /** Asked once. Errors: `sandbox.unavailable`. */
  facts(): Promise<EngineFacts> {
    this.#facts ??= this.#ask();
    // Thrown to whoever asked, and not kept: the engine may be started meanwhile.
    this.#facts.catch(() => (this.#facts = undefined));
    return this.#facts;
  }

  async #ask(): Promise<EngineFacts> {
    const info: unknown = await this.call(() => this.docker.info());
    const security = fieldOf(info, 'SecurityOptions');
    const processors = numberField(info, 'NCPU') ?? 0;
    const memoryBytes = numberField(info, 'MemTotal') ?? 0;
    const options = Array.isArray(security) ? security.map(String) : [];
    return {
      rootless: options.some(option => option.includes('name=rootless')),
      remote: process.platform !== 'linux' || /docker desktop/i.test(textField(info, 'OperatingSystem')),
      processors: processors > 0 ? processors : 1,
      memoryBytes: memoryBytes > 0 ? memoryBytes : Infinity,
    };
  }

  /** Does something at the engine. Errors: `sandbox.unavailable` when it does not answer; what the engine refuses as it is. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (statusOf(error) !== undefined) throw error;
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): AppError<'sandbox.unavailable'> {
    const code = systemCode(error);
    const fix =
      code === 'EACCES'
        ? 'You may not use its socket: add yourself to the group docker and log in again.'
        : 'Start Docker, or say where it is with DOCKER_HOST or driver: {docker: {host: …}}.';
    return new AppError(
      'sandbox.unavailable',
      `The Docker Engine at ${this.address} does not answer: ${errorMessage(error)}. ${fix}`,
      { driver: 'docker', reason: code ?? errorMessage(error) },
      { cause: error },
    );
  }
}

/** The HTTP status with which an engine refused something; undefined for an error of another kind. */
export function statusOf(error: unknown): number | undefined {
  return numberField(error, 'statusCode');
}

/** What an engine said about why. */
export function refusalOf(error: unknown): string {
  const message = fieldOf(fieldOf(error, 'json'), 'message');
  return typeof message === 'string' ? message : errorMessage(error);
}

/** `undefined` for what is not there. */
export async function found<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (statusOf(error) === 404) return undefined;
    throw error;
  });
}

/** `undefined` when a container or volume is gone, or does not run any more. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    const status = statusOf(error);
    if (status === 404 || status === 409 || status === 304) return undefined;
    throw error;
  });
}

function connection(endpoint: DockerEndpoint): Docker.DockerOptions {
  // Named in full: what is left out the library takes from this process's own DOCKER_HOST.
  if (endpoint.kind === 'socket')
    return { socketPath: endpoint.path, protocol: 'http', host: undefined, port: undefined };
  if (endpoint.kind === 'ssh') return { host: 'docker', port: undefined, protocol: 'http' };
  const { host, port, tls } = endpoint;
  if (tls === undefined) return { host, port, protocol: 'http', ca: undefined, cert: undefined, key: undefined };
  const file = (name: string): Buffer => readFileSync(join(tls, name));
  return { host, port, protocol: 'https', ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}
