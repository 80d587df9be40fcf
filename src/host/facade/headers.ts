import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { ModelProtocol } from '../../core/models/modelProtocol.js';
import { connectionHeaders } from '../server/connectionHeaders.js';
import type { UpstreamKey } from './upstreamKeys.js';

/** What the host says itself, what names an account, and what would tell the upstream where the call came from. */
const ofTheCaller: ReadonlySet<string> = new Set([
  'accept-encoding',
  'api-key',
  'authorization',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'openai-organization',
  'openai-project',
  'origin',
  'referer',
  'via',
  'x-api-key',
  'x-goog-api-key',
  'x-goog-user-project',
  'x-real-ip',
]);

const notForTheCaller: ReadonlySet<string> = new Set(['alt-svc', 'set-cookie', 'strict-transport-security']);

/** Headers of a request as they go on to the upstream, with its key in place of the run's token. */
export function requestHeaders(
  from: IncomingHttpHeaders,
  {
    protocol,
    key,
    bodyBytes,
  }: { readonly protocol: ModelProtocol; readonly key: UpstreamKey; readonly bodyBytes: number },
): OutgoingHttpHeaders {
  const dropped = connectionHeaders(from);
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || dropped.has(name) || ofTheCaller.has(name) || name.startsWith('x-forwarded-')) continue;
    headers[name] = value;
  }
  // What cannot be read cannot be counted.
  headers['accept-encoding'] = 'identity';
  if (bodyBytes > 0) headers['content-length'] = String(bodyBytes);
  return { ...headers, ...keyHeader(protocol, key) };
}

/** Headers of an answer as the run gets them. */
export function answerHeaders(from: IncomingHttpHeaders): OutgoingHttpHeaders {
  const dropped = connectionHeaders(from);
  const kept = Object.entries(from).filter(([name]) => !dropped.has(name) && !notForTheCaller.has(name));
  return Object.fromEntries(kept);
}

/** The token that came with a request, from wherever clients of any protocol put their key. */
export function tokenIn(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const found = bearer ?? headers['x-api-key'] ?? headers['x-goog-api-key'];
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function keyHeader(protocol: ModelProtocol, { value, isBearer }: UpstreamKey): OutgoingHttpHeaders {
  switch (protocol) {
    case 'messages':
      return isBearer ? { authorization: `Bearer ${value}` } : { 'x-api-key': value };
    case 'responses':
    case 'chat_completions':
      return { authorization: `Bearer ${value}` };
    case 'gemini':
      return { 'x-goog-api-key': value };
  }
}
