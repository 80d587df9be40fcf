import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Of one connection, and therefore of nobody behind it. */
const ofConnection = new Set([
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
  'expect',
]);

/**
 * What says who asks and from where. The server behind hears of one client only, the host: it adds the server's token, and no
 * cookie or other credential of a client reaches what an agent may have written. `muster-run-id` and the endpoint's token are
 * among what stays here.
 */
const ofClient = new Set(['authorization', 'cookie', 'host', 'origin', 'referer', 'forwarded', 'x-xsrftoken', 'via']);

/** Headers for the server behind. */
export function requestHeaders(given: IncomingHttpHeaders, token: string): OutgoingHttpHeaders {
  const named = connectionNames(given);
  const passed = Object.entries(given).filter(
    ([name, value]) =>
      value !== undefined &&
      !named.has(name) &&
      !ofConnection.has(name) &&
      !ofClient.has(name) &&
      !name.startsWith('x-forwarded-') &&
      !name.startsWith('muster-'),
  );
  return { ...Object.fromEntries(passed), host: 'localhost', authorization: `token ${token}` };
}

/** Headers for the client. No cookie: the server's would be a credential for it. */
export function answerHeaders(given: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = connectionNames(given);
  const passed = Object.entries(given).filter(
    ([name, value]) => value !== undefined && !named.has(name) && !ofConnection.has(name) && name !== 'set-cookie',
  );
  return Object.fromEntries(passed);
}

/** Headers that `Connection` names belong to the connection as well. */
function connectionNames(headers: IncomingHttpHeaders): ReadonlySet<string> {
  return new Set((headers.connection ?? '').split(',').map(name => name.trim().toLowerCase()));
}
