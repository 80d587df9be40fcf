import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.js';
import { homeFolder } from '../../node/person.js';

/** Where an engine answers. */
export type DockerEndpoint =
  | { readonly kind: 'socket'; readonly path: string; readonly from: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly tls?: string;
      readonly from: string;
    }
  /** `[user@]host[:port]`. */
  | { readonly kind: 'ssh'; readonly address: string; readonly from: string };

export interface EndpointSources {
  /** `driver: {docker: {host: …}}`. */
  readonly host?: string | undefined;
  /** Of the user's login shell: `DOCKER_HOST`, `DOCKER_CERT_PATH`, `XDG_RUNTIME_DIR`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of this machine; replaced in tests. */
  readonly home?: string;
  readonly exists?: (path: string) => boolean;
}

/**
 * The engine that is meant: the compose file's, else the one of `DOCKER_HOST`, else the first socket at the places where Docker,
 * Docker Desktop, rootless Docker, Colima and Rancher have theirs.
 * Errors: `sandbox.unavailable` for an address that is none, and when nothing is at any of the places.
 */
export function dockerEndpoint(sources: EndpointSources): DockerEndpoint {
  const { host, environment, home = homeFolder() ?? '/', exists = existsSync } = sources;
  if (host !== undefined) return parseAddress(host, 'driver.docker.host', environment);
  const variable = environment['DOCKER_HOST'];
  if (variable) return parseAddress(variable, 'DOCKER_HOST', environment);
  const places = usualSockets(environment, home);
  const found = places.find(path => exists(path));
  if (found !== undefined) return { kind: 'socket', path: found, from: 'the usual place' };
  throw new AppError(
    'sandbox.unavailable',
    `No Docker Engine was found: DOCKER_HOST is not set in your login shell, and there is no socket at ${places.join(', ')}. Start Docker (or install it), or say where it is with DOCKER_HOST or driver: {docker: {host: …}}.`,
    { driver: 'docker', reason: 'not found' },
  );
}

function usualSockets(environment: Readonly<Record<string, string>>, home: string): readonly string[] {
  if (process.platform === 'win32') return ['//./pipe/docker_engine'];
  const runtime = environment['XDG_RUNTIME_DIR'];
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.rd/docker.sock'),
  ];
}

function parseAddress(text: string, from: string, environment: Readonly<Record<string, string>>): DockerEndpoint {
  const socket = /^(?:unix|npipe):\/\/(.+)$/.exec(text)?.[1];
  if (socket !== undefined) return { kind: 'socket', path: socket, from };
  const remote = /^ssh:\/\/((?:[\w.-]+@)?(?:[A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?)\/?$/.exec(text)?.[1];
  if (remote !== undefined) return { kind: 'ssh', address: remote, from };
  const address = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/]+):(\d{1,5})\/?$/.exec(text);
  const port = Number(address?.[2]);
  if (address?.[1] === undefined || port > 65_535)
    throw new AppError(
      'sandbox.unavailable',
      `${JSON.stringify(text)} (${from}) is not an address of a Docker Engine that Muster can use. Write unix:///path/to/docker.sock, tcp://host:port or ssh://user@host.`,
      { driver: 'docker', reason: 'address' },
    );
  const certificates = environment['DOCKER_CERT_PATH'];
  const tls = environment['DOCKER_TLS_VERIFY'] || port === 2376 ? certificates : undefined;
  return { kind: 'tcp', host: address[1], port, from, ...(tls ? { tls } : {}) };
}

/** As it is written in DOCKER_HOST, for messages and for the `docker` command. */
export function endpointText(endpoint: DockerEndpoint): string {
  if (endpoint.kind === 'ssh') return `ssh://${endpoint.address}`;
  if (endpoint.kind === 'tcp') return `tcp://${endpoint.host}:${endpoint.port}`;
  return `${process.platform === 'win32' ? 'npipe' : 'unix'}://${endpoint.path}`;
}
