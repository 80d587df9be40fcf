import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import type { HostServices } from '../../src/client/hostServices.js';
import { LiveState } from '../../src/client/liveState.js';
import { createServices } from '../../src/client/createServices.js';

/** The host that this page came from. */
export interface SiteClient extends HostServices {
  readonly endpoint: { readonly socket: string };
  dispose(): void;
}

/** The live state of that host, for as long as the page is there. */
export type SiteLive = LiveState<SiteClient>;

/** Connects with the cookie of the session; `onLoggedOut` is told when that is worth nothing any more. */
export function connectSite(onLoggedOut: () => void): SiteLive {
  const client = siteClient(onLoggedOut);
  const connect = async (signal: AbortSignal): Promise<SiteClient> => {
    // A stream that is refused breaks off like any other; this call says why.
    await client.host.getStatus({}, { signal });
    return client;
  };
  return new LiveState({ connect }).start();
}

/** Calls are POSTs of this origin, streams are answers that go on: nothing here needs a WebSocket. */
function siteClient(onLoggedOut: () => void): SiteClient {
  const watchful: Interceptor = next => async request => {
    try {
      return await next(request);
    } catch (error) {
      if (ConnectError.from(error).code === Code.Unauthenticated) onLoggedOut();
      throw error;
    }
  };
  const transport = createConnectTransport({ baseUrl: location.origin, interceptors: [watchful] });
  const wire = { transport, socket: location.host };
  return {
    endpoint: { socket: location.host },
    dispose: () => undefined,
    ...createServices(wire),
  };
}
