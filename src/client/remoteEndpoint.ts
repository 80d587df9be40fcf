import type { EndpointFile } from '../protocol/endpoint.js';

/** A host on the network as a client calls it. */
export function remoteEndpoint(url: string, token: string): EndpointFile {
  return { ...nowhere, socket: url, token };
}

/** The origin of a host on the network; undefined for what is none. */
export function remoteOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** What only a host of this machine says of itself. */
const nowhere = { format: 1, machine: '', boot: '', pid: 0, start_time: '', version: '', protocol: 0 } as const;
