import type { ModelProtocol } from '../../core/models/modelProtocol.js';

/** What a run may ask for. There is nothing else behind the listener. */
export interface Route {
  readonly protocol: ModelProtocol;
  /** `generate` uses tokens; `count` and `models` do not. */
  readonly kind: 'generate' | 'count' | 'models';
  /** After the upstream's base address, as the protocol writes it; made of known parts only. */
  readonly path: string;
  /** In the path, where the protocol puts it there. */
  readonly model?: string;
  /** Query that goes on; made of known parts only. */
  readonly query: string;
}

/** A name of a model in a path: nothing that a server could take for another path. */
const modelName = '([A-Za-z0-9][A-Za-z0-9._-]{0,127})';

const routes: readonly {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  readonly route: (found: readonly string[]) => Omit<Route, 'query'>;
}[] = [
  {
    method: 'POST',
    path: /^\/anthropic\/v1\/messages(\/count_tokens)?$/,
    route: ([, counts]) => ({
      protocol: 'messages',
      kind: counts === undefined ? 'generate' : 'count',
      path: `/messages${counts ?? ''}`,
    }),
  },
  {
    method: 'POST',
    path: /^\/openai\/v1\/responses$/,
    route: () => ({ protocol: 'responses', kind: 'generate', path: '/responses' }),
  },
  {
    method: 'POST',
    path: /^\/openai\/v1\/chat\/completions$/,
    route: () => ({ protocol: 'chat_completions', kind: 'generate', path: '/chat/completions' }),
  },
  {
    method: 'POST',
    path: new RegExp(`^/gemini/(?:v1beta|v1)/models/${modelName}:(generateContent|streamGenerateContent|countTokens)$`),
    route: ([, model = '', method = '']) => ({
      protocol: 'gemini',
      kind: method === 'countTokens' ? 'count' : 'generate',
      path: `/models/${model}:${method}`,
      model,
    }),
  },
  {
    method: 'GET',
    path: new RegExp(`^/(anthropic|openai|gemini)/(?:v1beta|v1)/models(?:/${modelName})?$`),
    route: ([, api, model]) => ({
      protocol: api === 'anthropic' ? 'messages' : api === 'openai' ? 'responses' : 'gemini',
      kind: 'models',
      path: model === undefined ? '/models' : `/models/${model}`,
      ...(model === undefined ? {} : { model }),
    }),
  },
];

/** Of a request line; `undefined` for everything that is no call of a model. */
export function routeOf(method: string, target: string): Route | undefined {
  const cut = target.indexOf('?');
  const path = cut < 0 ? target : target.slice(0, cut);
  for (const candidate of routes) {
    const found = candidate.method === method ? candidate.path.exec(path) : null;
    if (found) return { ...candidate.route(found), query: knownQuery(cut < 0 ? '' : target.slice(cut + 1)) };
  }
  return undefined;
}

/** Parameters that change what an answer looks like. A key would be one of somebody else. */
function knownQuery(query: string): string {
  const given = new URLSearchParams(query);
  const known: string[] = [];
  if (given.get('alt') === 'sse') known.push('alt=sse');
  if (given.get('beta') === 'true') known.push('beta=true');
  for (const name of ['limit', 'pageSize']) {
    const value = given.get(name) ?? '';
    if (/^\d{1,4}$/.test(value)) known.push(`${name}=${value}`);
  }
  return known.length === 0 ? '' : `?${known.join('&')}`;
}
