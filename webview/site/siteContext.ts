import type { SiteClient, SiteLive } from './hostCalls.js';
import type { SiteRoute } from './siteRoute.js';

/** What the parts of the pages share. */
export interface SiteContext {
  readonly live: SiteLive;
  /** Of this document: aborted when it goes. */
  readonly closing: AbortSignal;
  go(route: SiteRoute): void;
}

/** The client, as soon as the host answers. */
export function clientOf({ live, closing }: SiteContext, signal: AbortSignal = closing): Promise<SiteClient> {
  return live.whenConnected(signal);
}
