import { expect, test } from 'vitest';
import { forgeOf, isPlainRemote, pullRequestBody } from '../../../src/core/merges/pullRequest.js';

test.each([
  ['https://github.com/ada/shop.git', { host: 'github.com', owner: 'ada', name: 'shop' }],
  ['https://ada:token@github.com/ada/shop', { host: 'github.com', owner: 'ada', name: 'shop' }],
  ['git@github.com:ada/shop.git', { host: 'github.com', owner: 'ada', name: 'shop' }],
  ['ssh://git@git.example.com:2222/ada/my.shop.git', { host: 'git.example.com', owner: 'ada', name: 'my.shop' }],
  ['https://gitlab.com/group/deep/shop.git', undefined],
  ['/srv/git/shop.git', undefined],
  ['https://github.com/ada/shop?x=1', undefined],
])('%s is a repository at a forge, or none', (url, forge) => {
  expect(forgeOf(url)).toEqual(forge);
});

test.each([
  ['https://github.com/ada/shop.git', true],
  ['git@github.com:ada/shop.git', true],
  ['ssh://git@host/ada/shop', true],
  ['/srv/git/shop.git', true],
  ['file:///srv/git/shop.git', true],
  ['ext::sh -c touch% /tmp/owned', false],
  ['fd::17', false],
  ['--upload-pack=touch /tmp/owned', false],
  ['ssh://-oProxyCommand=touch/x', false],
  ['git@-oProxyCommand=x:y', false],
  ['../elsewhere', false],
])('%s is pushed to: %s', (url, isPlain) => {
  expect(isPlainRemote(url)).toBe(isPlain);
});

test('what an agent said stands in the description as text, whatever it tries', () => {
  const answer = 'Done @octocat, see [this](https://evil)\n```\n````\n# Heading\nFixes #1';
  const body = pullRequestBody({ task: 'Fix the login\n', agent: 'dev', answer });
  expect(body).toBe(`Fix the login\n\ndev said:\n\n\`\`\`\`\`text\n${answer}\n\`\`\`\`\`\n`);
  expect(pullRequestBody({ task: 'Fix it', agent: 'dev', answer: ' ' })).toBe('Fix it\n');
});
