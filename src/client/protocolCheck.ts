import type { EndpointFile } from '../protocol/endpoint.js';
import { protocolVersion } from '../protocol/version.js';
import { unreachable } from './callErrors.js';

/** Throws `host.unreachable` for a host that speaks a newer protocol than this program. */
export function requireKnownProtocol(endpoint: EndpointFile): void {
  if (endpoint.protocol <= protocolVersion) return;
  const reason = `it speaks protocol ${endpoint.protocol}, this program only ${protocolVersion}; update this program`;
  throw unreachable({ socket: endpoint.socket, reason });
}
