import type { IncomingHttpHeaders } from 'node:http';

/** Of one connection only, by RFC 9110 (and RFC 9113 for the settings): nobody behind it may hear them. */
const ofConnection: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

/** Names of the headers that end with this connection: the fixed ones, and those that `Connection` names. */
export function connectionHeaders(headers: IncomingHttpHeaders): ReadonlySet<string> {
  const named = (headers.connection ?? '').toLowerCase().split(',');
  return new Set([...ofConnection, ...named.map(name => name.trim())]);
}
