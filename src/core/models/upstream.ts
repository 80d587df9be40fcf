import type { ModelProtocol } from './modelProtocol.js';

/** A provider of models that the host may call. Its key is nowhere here. */
export interface Upstream {
  readonly name: string;
  /** What it speaks; the first is taken when a call comes in another protocol. */
  readonly protocols: readonly [ModelProtocol, ...ModelProtocol[]];
  /** Base address without what a protocol puts after it. */
  readonly endpoint: string;
  /** Variables that hold its key, the first that is set. */
  readonly keyNames: readonly string[];
  /** Variables that name another endpoint, the first that is set. */
  readonly endpointNames: readonly string[];
}

/** The upstreams that every machine knows. Which models they have is for them to say. */
export const builtInUpstreams: readonly Upstream[] = [
  {
    name: 'anthropic',
    protocols: ['messages'],
    endpoint: 'https://api.anthropic.com',
    keyNames: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'],
    endpointNames: ['ANTHROPIC_BASE_URL', 'ANTHROPIC_API_ENDPOINT'],
  },
  {
    name: 'openai',
    protocols: ['responses', 'chat_completions'],
    endpoint: 'https://api.openai.com/v1',
    keyNames: ['OPENAI_API_KEY'],
    endpointNames: ['OPENAI_BASE_URL'],
  },
  {
    name: 'gemini',
    protocols: ['gemini'],
    endpoint: 'https://generativelanguage.googleapis.com',
    keyNames: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    endpointNames: ['GOOGLE_GEMINI_BASE_URL'],
  },
  {
    name: 'openrouter',
    protocols: ['chat_completions'],
    endpoint: 'https://openrouter.ai/api/v1',
    keyNames: ['OPENROUTER_API_KEY'],
    endpointNames: [],
  },
  // The one that agent-compose calls by these names.
  {
    name: 'llm',
    protocols: ['chat_completions', 'responses'],
    endpoint: '',
    keyNames: ['LLM_API_KEY'],
    endpointNames: ['LLM_API_ENDPOINT'],
  },
];

/** The upstream of a call for which none is named: the first that speaks its protocol. */
export function usualUpstream(upstreams: readonly Upstream[], protocol: ModelProtocol): Upstream | undefined {
  return upstreams.find(upstream => upstream.protocols.includes(protocol));
}
