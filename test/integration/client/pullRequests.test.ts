import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { askByApi, compareUrl } from '../../../src/client/pullRequests.js';

const signal = new AbortController().signal;
const request = {
  branch: 'muster/fix-a1',
  base: 'main',
  title: 'Fix it',
  body: 'Fix it\n',
  host: 'github.com',
  owner: 'ada',
  name: 'shop',
};

/** A server in the place of api.github.com that answers once so. */
async function github(status: number, answer: unknown, headers: Record<string, string> = {}) {
  const asked: { method?: string; url?: string; authorization?: string; body: string }[] = [];
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.on('data', part => (body += String(part)));
    incoming.on('end', () => {
      const { method, url } = incoming;
      const { authorization } = incoming.headers;
      asked.push({ body, ...(method && { method }), ...(url && { url }), ...(authorization && { authorization }) });
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { api: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, asked };
}

test('a pull request is asked for with the token, and its address comes back', async () => {
  const { api, asked } = await github(201, { html_url: 'https://github.com/ada/shop/pull/7' });
  expect(await askByApi(request, { api, token: 't0ken' }, signal)).toEqual({
    url: 'https://github.com/ada/shop/pull/7',
  });
  expect(asked).toEqual([
    {
      method: 'POST',
      url: '/repos/ada/shop/pulls',
      authorization: 'Bearer t0ken',
      body: JSON.stringify({ title: 'Fix it', head: 'muster/fix-a1', base: 'main', body: 'Fix it\n' }),
    },
  ]);
});

test.each([
  ['a refusal', 422, { message: 'Validation Failed' }, {}, 'GitHub answered 422: Validation Failed'],
  ['an address that is none', 201, { html_url: 'javascript:alert(1)' }, {}, 'GitHub answered 201'],
  ['a redirect, which would take the token along', 302, {}, { location: 'http://127.0.0.1:9/' }, expect.any(String)],
])('%s is a problem in words', async (_, status, answer, headers, problem) => {
  const { api } = await github(status, answer, headers);
  expect(await askByApi(request, { api, token: 't0ken' }, signal)).toEqual({ problem });
});

test('the page to open it on by hand names both branches', () => {
  expect(compareUrl(request)).toBe('https://github.com/ada/shop/compare/main...muster%2Ffix-a1?expand=1');
  expect(compareUrl({ ...request, host: '' })).toBeUndefined();
});
