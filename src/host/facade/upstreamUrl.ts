import type { ModelProtocol } from '../../core/models/modelProtocol.js';

/** Where a call goes: the upstream's base address, the version that its protocol has, then the route's own path. */
export function upstreamUrl(
  base: string,
  protocol: ModelProtocol,
  route: { readonly path: string; readonly query: string },
): URL {
  const url = new URL(`${withVersion(base, protocol)}${route.path}${route.query}`);
  // Paths are made of known parts only; should one ever lead elsewhere, the call ends here.
  if (url.origin !== new URL(base).origin) throw new Error('A call would leave its upstream');
  return url;
}

/** People write base addresses with and without a version. */
function withVersion(base: string, protocol: ModelProtocol): string {
  switch (protocol) {
    case 'messages':
      return /\/v\d+$/.test(base) ? base : `${base}/v1`;
    case 'gemini':
      return /\/v\d+(?:beta\d*)?$/.test(base) ? base : `${base}/v1beta`;
    case 'responses':
    case 'chat_completions':
      // Clients of this API take the version as part of the address; one without any path has forgotten it.
      return new URL(base).pathname === '/' ? `${base}/v1` : base;
  }
}
