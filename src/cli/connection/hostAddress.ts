import { dirname, isAbsolute } from 'node:path';
import { readEndpoint } from '../../client/endpointDiscovery.js';
import type { HostProfiles } from '../../client/hostProfiles.js';
import type { Environment } from '../../client/stateDirectory.js';
import { unreachable } from '../../client/callErrors.js';
import type { EndpointFile } from '../../protocol/endpoint.js';
import { usageError } from '../options/usageError.js';

/** Which host was asked for. */
export type HostAddress = Address<'--host' | 'MUSTER_HOST' | 'AGENT_COMPOSE_HOST'>;

interface Address<F extends string> {
  /** Path of its socket or of its state directory; of one on the network its address, such as `https://builds.example`. */
  readonly path: string;
  readonly remote: boolean;
  /** What named it. */
  readonly from: F;
}

/**
 * The host that the command line or the environment names, by its address or by what the person calls it, best first; undefined: that of the state directory. Throws `usage` for
 * what is no address.
 */
export function readHostAddress(
  option: string | undefined,
  env: Environment,
  profiles: Pick<HostProfiles, 'find'>,
): HostAddress | undefined {
  const named = (text: string): string => (text.includes('://') ? text : (profiles.find(text)?.url ?? text));
  if (option !== undefined) return parseAddress(named(option), '--host');
  const ours = env['MUSTER_HOST'];
  if (ours) return parseAddress(named(ours), 'MUSTER_HOST');
  const theirs = env['AGENT_COMPOSE_HOST'];
  return theirs ? parseAddress(theirs, 'AGENT_COMPOSE_HOST') : undefined;
}

/** The origin of a host on the network. Throws `usage` for what is none. */
export function readRemoteAddress(text: string): string {
  const { path, remote } = parseAddress(text, 'the address');
  if (remote) return path;
  throw usageError('A host elsewhere has an address such as https://builds.example.');
}

function parseAddress<F extends string>(text: string, from: F): Address<F> {
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
 * The token for a host on the network, from the environment or from when the person logged in: never from the command line. Throws
 * `usage` when there is none.
 */
export async function remoteToken(
  url: string,
  {
    env,
    profiles,
    signal,
  }: { readonly env: Environment; readonly profiles: HostProfiles; readonly signal: AbortSignal },
): Promise<string> {
  const token = (env['MUSTER_TOKEN'] ?? '').trim() || ((await profiles.token(url, signal)) ?? '');
  if (/^[\w-]{1,200}$/.test(token)) return token;
  throw usageError(
    `The host at ${url} asks for a token. Run \`muster token create\` where it runs and \`muster login ${url}\` here, or set MUSTER_TOKEN.`,
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
