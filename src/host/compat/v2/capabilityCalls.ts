import type { ServiceImpl } from '@connectrpc/connect';
import type { CapabilityService } from '../../../protocol/gen/agentcompose/v2/capabilities_pb.js';
import { notFound } from '../answers.js';

/** `agentcompose.v2.CapabilityService`: a host has no gateway, and so no sets. Agents get MCP servers from the compose file. */
export function capabilityCalls(): ServiceImpl<typeof CapabilityService> {
  return {
    getCapabilityStatus: () => ({ configured: false, ok: false, status: 'not_configured' }),
    listCapabilitySets: () => ({ capsets: [], total: 0 }),
    getCapabilityCatalog: ({ capsetId }) => {
      throw notFound(`capability set ${JSON.stringify(capsetId)}`);
    },
  };
}
