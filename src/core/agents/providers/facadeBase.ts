import type { FacadeAddress } from '../../models/runModels.js';

/** What clients of a provider's API take as its base address. */
export function facadeBase({ url }: FacadeAddress, api: 'anthropic' | 'openai' | 'gemini'): string {
  return api === 'openai' ? `${url}/openai/v1` : `${url}/${api}`;
}

/** For a command that Muster does not know: every name under which such programs look for their model. */
export function facadeVariables(facade: FacadeAddress): Readonly<Record<string, string>> {
  return {
    LLM_API_ENDPOINT: facadeBase(facade, 'openai'),
    LLM_API_KEY: facade.token,
    LLM_API_PROTOCOL: 'chat_completions',
    OPENAI_BASE_URL: facadeBase(facade, 'openai'),
    OPENAI_API_KEY: facade.token,
    ANTHROPIC_BASE_URL: facadeBase(facade, 'anthropic'),
    ANTHROPIC_AUTH_TOKEN: facade.token,
    GOOGLE_GEMINI_BASE_URL: facadeBase(facade, 'gemini'),
    GEMINI_API_KEY: facade.token,
  };
}
