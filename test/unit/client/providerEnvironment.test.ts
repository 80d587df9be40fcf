import { expect, test } from 'vitest';
import { collectProviderEnvironment } from '../../../src/client/providerEnvironment.js';

test('sends what agent CLIs use and nothing else', () => {
  const env = {
    ANTHROPIC_API_KEY: 'a',
    OPENAI_BASE_URL: 'b',
    GEMINI_API_KEY: 'c',
    HTTPS_PROXY: 'd',
    AWS_PROFILE: 'e',
    NODE_EXTRA_CA_CERTS: 'f',
    CLAUDE_CONFIG_DIR: 'g',
    VIRTUAL_ENV: 'h',
    PATH: 'i',
    // Of a session that this process runs in.
    CLAUDE_CODE_ENTRYPOINT: 'cli',
    CODEX_SANDBOX: 'seatbelt',
    HOME: '/root',
    GITHUB_TOKEN: 'secret',
    EMPTY: '',
    OPENAI_API_KEY: '',
  };
  expect(Object.values(collectProviderEnvironment(env)).join('')).toBe('abcdefghi');
});
