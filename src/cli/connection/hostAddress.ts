import { dirname, isAbsolute } from 'node:path';
import { AppError } from '../../base/errors.js';
import { readEndpoint } from '../../client/endpointDiscovery.js';
import type { Environment } from '../../client/stateDirectory.js';
import { unreachable } from '../../client/callErrors.js';
import type { EndpointFile } from '../../protocol/endpoint.js';
import { usageError } from '../options/usageError.js';

/** Which host was asked for. */
export interface HostAddress {
  /** Path of its socket, or of its state directory. */
  readonly path: string;
  /** What named it. */
  readonly from: '--host' | 'MUSTER_HOST' | 'AGENT_COMPOSE_HOST';
}

/**
 * The host that the command line or the environment names, best first; undefined: that of the state directory. Throws `usage` for
 * what is no address, `feature.unsupported` for one over TCP.
 */
export function readHostAddress(option: string | undefined, env: Environment): HostAddress | undefined {
  if (option !== undefined) return { path: parseAddress(option, '--host'), from: '--host' };
  const ours = env['MUSTER_HOST'];
  if (ours) return { path: parseAddress(ours, 'MUSTER_HOST'), from: 'MUSTER_HOST' };
  const theirs = env['AGENT_COMPOSE_HOST'];
  // What answers at an address of the web is agent-compose's own daemon.
  if (!theirs?.startsWith('unix://')) return undefined;
  return { path: parseAddress(theirs, 'AGENT_COMPOSE_HOST'), from: 'AGENT_COMPOSE_HOST' };
}

function parseAddress(text: string, from: HostAddress['from']): string {
  const colon = text.indexOf('://');
  const scheme = colon < 0 ? '' : text.slice(0, colon).toLowerCase();
  const rest = colon < 0 ? '' : text.slice(colon + 3);
  if (scheme === 'unix') {
    if (!isAbsolute(rest) || rest.includes('\0')) throw usageError(`${from}: unix:// takes an absolute path.`);
    return rest;
  }
  if (scheme !== 'http' && scheme !== 'https')
    throw usageError(`${from}: scheme must be http or https, or unix for a socket, in ${JSON.stringify(text)}.`);
  if (!URL.canParse(text) || rest.startsWith('/'))
    throw usageError(`${from}: host is required in ${JSON.stringify(text)}.`);
  const reason = 'this version listens on a socket only';
  throw new AppError(
    'feature.unsupported',
    `${from} names ${new URL(text).origin}, but ${reason}. Name the socket, as in unix:///home/you/.muster/host.sock, or leave it out.`,
    { feature: 'hosts over TCP', reason },
  );
}

/** The endpoint behind an address. The token is in the endpoint file, so that is looked for beside the socket and in `stateDir`. Throws `host.unreachable`. */
export async function findEndpoint({ path, from }: HostAddress, stateDir: string): Promise<EndpointFile> {
  for (const folder of [stateDir, dirname(path), path]) {
    const discovery = await readEndpoint(folder);
    if (discovery.kind === 'found' && (discovery.endpoint.socket === path || folder === path))
      return discovery.endpoint;
  }
  throw unreachable({ socket: path, reason: `no running Muster host belongs to this path (from ${from})` });
}
