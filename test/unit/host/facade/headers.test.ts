import { expect, it } from 'vitest';
import { answerHeaders, requestHeaders, tokenIn } from '../../../../src/host/facade/headers.js';

const key = { value: 'the-key', isBearer: false };

it('puts the key in the place of the token, and leaves out accounts, cookies, hops and everything that Connection names', () => {
  const sent = requestHeaders(
    {
      'host': '127.0.0.1:1',
      'authorization': 'Bearer the-token',
      'x-api-key': 'the-token',
      'x-goog-api-key': 'the-token',
      'cookie': 'a=b',
      'connection': 'keep-alive, X-Private',
      'x-private': 'only for this hop',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'te': 'trailers',
      'upgrade': 'h2c',
      'proxy-authorization': 'Basic x',
      'x-forwarded-for': '10.0.0.1',
      'openai-organization': 'somebody-else',
      'x-goog-user-project': 'somebody-else',
      'expect': '100-continue',
      'accept-encoding': 'gzip',
      'content-length': '99',
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'a,b',
      'user-agent': 'cli/1',
    },
    { protocol: 'messages', key, bodyBytes: 7 },
  );
  expect(sent).toEqual({
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'a,b',
    'user-agent': 'cli/1',
    'accept-encoding': 'identity',
    'content-length': '7',
    'x-api-key': 'the-key',
  });
  expect(JSON.stringify(sent)).not.toContain('the-token');
});

it.each([
  ['messages', false, { 'x-api-key': 'the-key' }],
  ['messages', true, { authorization: 'Bearer the-key' }],
  ['responses', false, { authorization: 'Bearer the-key' }],
  ['chat_completions', false, { authorization: 'Bearer the-key' }],
  ['gemini', false, { 'x-goog-api-key': 'the-key' }],
] as const)('says the key as %s takes it (a bearer: %s)', (protocol, isBearer, expected) => {
  expect(requestHeaders({}, { protocol, key: { value: 'the-key', isBearer }, bodyBytes: 0 })).toMatchObject(expected);
});

it('passes on what an answer says to the client, and keeps what is for the host', () => {
  const passed = answerHeaders({
    'content-type': 'text/event-stream',
    'retry-after': '7',
    'anthropic-ratelimit-requests-remaining': '3',
    'transfer-encoding': 'chunked',
    'connection': 'x-hop',
    'x-hop': '1',
    'set-cookie': ['session=1'],
  });
  expect(passed).toEqual({
    'content-type': 'text/event-stream',
    'retry-after': '7',
    'anthropic-ratelimit-requests-remaining': '3',
  });
});

it.each([
  [{ authorization: 'Bearer abc' }, 'abc'],
  [{ authorization: 'bearer  abc' }, 'abc'],
  [{ 'x-api-key': 'abc' }, 'abc'],
  [{ 'x-goog-api-key': 'abc' }, 'abc'],
  [{ authorization: 'Basic abc' }, undefined],
  [{ authorization: 'Bearer a b' }, undefined],
  [{ 'x-api-key': '' }, undefined],
  [{}, undefined],
])('the token of %j is %s', (headers, token) => {
  expect(tokenIn(headers)).toBe(token);
});
