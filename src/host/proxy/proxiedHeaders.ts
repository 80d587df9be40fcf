import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { connectionHeaders } from '../server/connectionHeaders.js';

/**
 * What says who asks and from where. The server behind hears of one client only, the host: it adds the server's token, and no
 * cookie or other credential of a client reaches what an agent may have written. `muster-run-id` and the endpoint's token are
 * among what stays here.
 */
const ofClient = new Set([
  'authorization',
  'cookie',
  'host',
  'origin',
  'referer',
  'forwarded',
  'x-xsrftoken',
  'via',
  'expect',
]);

/** Headers for the server behind. */
export function requestHeaders(given: IncomingHttpHeaders, token: string): OutgoingHttpHeaders {
  const ofConnection = connectionHeaders(given);
  const passed = Object.entries(given).filter(
    ([name, value]) =>
      value !== undefined &&
      !ofConnection.has(name) &&
      !ofClient.has(name) &&
      !name.startsWith('x-forwarded-') &&
      !name.startsWith('muster-'),
  );
  return { ...Object.fromEntries(passed), host: 'localhost', authorization: `token ${token}` };
}

/** Headers for the client. No cookie: the server's would be a credential for it. */
export function answerHeaders(given: IncomingHttpHeaders): OutgoingHttpHeaders {
  const ofConnection = connectionHeaders(given);
  const passed = Object.entries(given).filter(
    ([name, value]) => value !== undefined && !ofConnection.has(name) && name !== 'set-cookie',
  );
  return Object.fromEntries(passed);
}
