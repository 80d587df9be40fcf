import { dirname, isAbsolute } from 'node:path';
import { readEndpoint } from '../../client/endpointDiscovery.js';
import type { Environment } from '../../client/stateDirectory.js';
import { unreachable } from '../../client/callErrors.js';
import type { EndpointFile } from '../../protocol/endpoint.js';
import { usageError } from '../options/usageError.js';

/** Which host was asked for. */
export interface HostAddress {
  /** Path of its socket or of its state directory; of one on the network its address, such as `https://builds.example`. */
  readonly path: string;
  readonly remote: boolean;
  /** What named it. */
  readonly from: '--host' | 'MUSTER_HOST' | 'AGENT_COMPOSE_HOST';
}

/**
 * The host that the command line or the environment names, best first; undefined: that of the state directory. Throws `usage` for
 * what is no address.
 */
export function readHostAddress(option: string | undefined, env: Environment): HostAddress | undefined {
  if (option !== undefined) return parseAddress(option, '--host');
  const ours = env['MUSTER_HOST'];
  if (ours) return parseAddress(ours, 'MUSTER_HOST');
  const theirs = env['AGENT_COMPOSE_HOST'];
  // What answers at an address of the web is agent-compose's own daemon.
  if (!theirs?.startsWith('unix://')) return undefined;
  return parseAddress(theirs, 'AGENT_COMPOSE_HOST');
}

function parseAddress(text: string, from: HostAddress['from']): HostAddress {
  const colon = text.indexOf('://');
  const scheme = colon < 0 ? '' : text.slice(0, colon).toLowerCase();
  const rest = colon < 0 ? '' : text.slice(colon + 3);
  if (scheme === 'unix') {
    if (!isAbsolute(rest) || rest.includes('\0')) throw usageError(`${from}: unix:// takes an absolute path.`);
    return { path: rest, remote: false, from };
  }
  if (scheme !== 'http' && scheme !== 'https')
    throw usageError(`${from}: scheme must be http or https, or unix for a socket, in ${JSON.stringify(text)}.`);
  if (!URL.canParse(text) || rest.startsWith('/'))
    throw usageError(`${from}: host is required in ${JSON.stringify(text)}.`);
  return { path: new URL(text).origin, remote: true, from };
}

/**
 * A host on the network as a client calls it. The token is in the environment, never on the command line. Throws `usage` when it is
 * missing.
 */
export function remoteEndpoint({ path }: HostAddress, env: Environment): EndpointFile {
  const token = (env['MUSTER_TOKEN'] ?? '').trim();
  if (!/^[\w-]{1,200}$/.test(token))
    throw usageError(
      `The host at ${path} asks for a token. Run \`muster token create\` where it runs, and set MUSTER_TOKEN to what that prints.`,
    );
  return { ...nowhere, socket: path, token };
}

/** What only a host of this machine says of itself. */
const nowhere = { format: 1, machine: '', boot: '', pid: 0, start_time: '', version: '', protocol: 0 } as const;

/** The endpoint behind an address. The token is in the endpoint file, so that is looked for beside the socket and in `stateDir`. Throws `host.unreachable`. */
export async function findEndpoint({ path, from }: HostAddress, stateDir: string): Promise<EndpointFile> {
  for (const folder of [stateDir, dirname(path), path]) {
    const discovery = await readEndpoint(folder);
    if (discovery.kind === 'found' && (discovery.endpoint.socket === path || folder === path))
      return discovery.endpoint;
  }
  throw unreachable({ socket: path, reason: `no running Muster host belongs to this path (from ${from})` });
}
