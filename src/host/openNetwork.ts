import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { defined } from '../base/defined.js';
import type { HostCore } from './buildCore.js';
import { withEventIngress } from './ingress/eventIngress.js';
import { PageAssets } from './pages/assets.js';
import { LoginRoutes } from './pages/loginRoutes.js';
import { withPages } from './pages/pages.js';
import { ProviderLogin } from './pages/providerLogin.js';
import { listenHttp, type HttpListening } from './server/httpListener.js';
import { requireSafe, type NetworkOptions } from './server/networkOptions.js';
import type { Handler } from './server/nodeHandler.js';
import { SessionCookies } from './server/sessionCookie.js';
import { Visitors, type VisitorRequest } from './server/visitors.js';
import type { Proxy } from './server/wireServer.js';

export interface NetworkParts {
  readonly network: NetworkOptions;
  /** Answers calls, behind its own gate. */
  readonly calls: Handler;
  readonly proxy: Proxy;
}

/**
 * Everything that other machines reach: who sends a request is found out first, then pages, events and calls answer. Loaded where a
 * host listens. Errors: `request.invalid` for an address, certificate or key that cannot be used.
 */
export async function openNetwork(core: HostCore, { network, calls, proxy }: NetworkParts): Promise<HttpListening> {
  requireSafe(network);
  const { clock, log, accessTokens: tokens, logins, distDir, loginKey } = core;
  const { at, certificate, key, plainHttp, people } = network;
  const now = (): number => clock.now();
  let port = at.port;
  const cookies = new SessionCookies({
    tls: certificate !== undefined,
    behindProxy: plainHttp,
    port: () => port,
    key: createHmac('sha256', loginKey).update(`sessions ${people.secret}`).digest(),
  });
  const provider = people.provider && new ProviderLogin({ settings: people.provider, cookies, now, log });
  logins.configure({ ...people, vouched: user => people.provider?.users.get(user) });
  const visitors = new Visitors({ tokens, logins, cookies, now, behindProxy: plainHttp });
  const recognise = (request: VisitorRequest) => visitors.recognise(request, { own: true });
  const handler = withPages(
    {
      visitors,
      logins: new LoginRoutes({ logins, visitors, cookies, now, log, ...defined({ provider }) }),
      assets: new PageAssets(distDir),
      log,
    },
    withEventIngress({ ...core, recognise }, calls),
  );
  const tls =
    certificate === undefined || key === undefined
      ? {}
      : { tls: { cert: await readFile(certificate), key: await readFile(key) } };
  const listening = await listenHttp({ at, ...tls, handler, proxy });
  port = Number(new URL(listening.url).port || port);
  return listening;
}
