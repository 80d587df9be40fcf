import { describe, expect, it } from 'vitest';
import { leadsPastFacade, withoutModelKeys } from '../../../../src/core/models/keyVariables.js';

describe('a variable that a run through the host does not get', () => {
  it.each([
    'LLM_API_KEY',
    'OPENAI_API_KEY',
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_AUTH_TOKEN',
    'OPENROUTER_API_KEY',
    'AZURE_OPENAI_API_KEY',
    'GOOGLE_API_KEY',
    'GEMINI_API_KEY',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'MISTRAL_API_KEY',
    'MY_OPENAI_KEY',
    'XAI_API_KEY_2',
    'openai_api_key',
    'ANTHROPIC_BASE_URL',
    'OPENAI_BASE_URL',
    'CLAUDE_CODE_USE_BEDROCK',
    'GOOGLE_GENAI_USE_VERTEXAI',
    'ANTHROPIC_CUSTOM_HEADERS',
  ])('%s', name => {
    expect(leadsPastFacade(name)).toBe(true);
  });

  it.each(['PATH', 'GITHUB_TOKEN', 'NPM_TOKEN', 'AWS_ACCESS_KEY_ID', 'DATABASE_URL', 'OPENAI_LOG', 'KEYBOARD'])(
    'but it gets %s',
    name => {
      expect(leadsPastFacade(name)).toBe(false);
    },
  );
});

it('takes a key also where it stands under another name or inside another value', () => {
  const key = 'sk-live-0123456789';
  const variables = { OPENAI_API_KEY: key, MINE: key, HEADERS: `Authorization: Bearer ${key}`, HOME: '/home/me' };
  expect(withoutModelKeys(variables, [])).toEqual({ HOME: '/home/me' });
  expect(withoutModelKeys({ OTHER: key, HOME: '/home/me' }, [key])).toEqual({ HOME: '/home/me' });
});

it('takes nothing harmless because of a key that is no key', () => {
  expect(withoutModelKeys({ OPENAI_API_KEY: 'x', EXTRA: 'x marks' }, [''])).toEqual({ EXTRA: 'x marks' });
});
