import { describe, expect, it } from 'vitest';
import { routeOf } from '../../../../src/host/facade/routes.js';
import { upstreamUrl } from '../../../../src/host/facade/upstreamUrl.js';
import type { ModelProtocol } from '../../../../src/core/models/modelProtocol.js';

describe('a call of a model', () => {
  it.each([
    ['POST', '/anthropic/v1/messages', 'messages', 'generate', '/messages'],
    ['POST', '/anthropic/v1/messages?beta=true', 'messages', 'generate', '/messages?beta=true'],
    ['POST', '/anthropic/v1/messages/count_tokens', 'messages', 'count', '/messages/count_tokens'],
    ['POST', '/openai/v1/responses', 'responses', 'generate', '/responses'],
    ['POST', '/openai/v1/chat/completions', 'chat_completions', 'generate', '/chat/completions'],
    ['GET', '/openai/v1/models', 'responses', 'models', '/models'],
    ['GET', '/anthropic/v1/models/claude-sonnet-4-5', 'messages', 'models', '/models/claude-sonnet-4-5'],
    [
      'POST',
      '/gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=stolen',
      'gemini',
      'generate',
      '/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    ],
    [
      'POST',
      '/gemini/v1beta/models/gemini-2.5-pro:countTokens',
      'gemini',
      'count',
      '/models/gemini-2.5-pro:countTokens',
    ],
  ])('%s %s', (method, target, protocol, kind, path) => {
    const route = routeOf(method, target);
    expect(route).toMatchObject({ protocol, kind });
    expect(`${route?.path}${route?.query}`).toBe(path);
  });

  it.each([
    ['GET', '/'],
    ['POST', '/v1/messages'],
    ['GET', '/anthropic/v1/messages'],
    ['DELETE', '/openai/v1/models/gpt-5'],
    ['POST', '/openai/v1/files'],
    ['POST', '/openai/v1/responses/'],
    ['POST', '/openai/v1/../v1/responses'],
    ['POST', '/openai/v1/responses/..%2f..%2fadmin'],
    ['POST', '//evil.example/openai/v1/responses'],
    ['POST', 'http://evil.example/openai/v1/responses'],
    ['POST', '/gemini/v1beta/models/../../x:generateContent'],
    ['POST', '/gemini/v1beta/models/a%2fb:generateContent'],
    ['POST', '/gemini/v1beta/models/.:generateContent'],
    ['POST', '/gemini/v1beta/models/a:batchGenerateContent'],
    ['POST', '/gemini/v1beta/models/a@evil.example:generateContent'],
    ['CONNECT', 'evil.example:443'],
    ['POST', '/openai/v1/responses#x'],
    ['POST', '/openai/v1/responses\u0000'],
  ])('is nothing else: %s %s', (method, target) => {
    expect(routeOf(method, target)).toBeUndefined();
  });
});

describe('the address of a call', () => {
  it.each<readonly [string, ModelProtocol, string]>([
    ['https://api.anthropic.com', 'messages', 'https://api.anthropic.com/v1/x'],
    ['https://api.anthropic.com/v1', 'messages', 'https://api.anthropic.com/v1/x'],
    ['https://gateway.example/anthropic', 'messages', 'https://gateway.example/anthropic/v1/x'],
    ['https://api.openai.com/v1', 'responses', 'https://api.openai.com/v1/x'],
    ['http://127.0.0.1:8080', 'chat_completions', 'http://127.0.0.1:8080/v1/x'],
    ['https://openrouter.ai/api/v1', 'chat_completions', 'https://openrouter.ai/api/v1/x'],
    ['https://generativelanguage.googleapis.com', 'gemini', 'https://generativelanguage.googleapis.com/v1beta/x'],
    ['https://generativelanguage.googleapis.com/v1', 'gemini', 'https://generativelanguage.googleapis.com/v1/x'],
  ])('of %s for %s', (base, protocol, expected) => {
    expect(upstreamUrl(base, protocol, { path: '/x', query: '' }).href).toBe(expected);
  });
});
