import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FetchedScriptSpec } from '../../../src/compose/projectSpec.js';
import { GitCommand } from '../../../src/drivers/git/command/gitCommand.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { ScriptFetcher } from '../../../src/host/schedules/scriptFetcher.js';
import { testRepository } from '../../support/hostProcess.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const never = new AbortController().signal;
const variables: ReadonlyMap<string, string> = new Map([['TOKEN', 't0ken']]);

function fetcher(folder = tempDirectory()): {
  readonly get: (source: FetchedScriptSpec) => Promise<string>;
  readonly scratch: string;
} {
  const git = new GitCommand({ clock: createNodeClock() });
  onTestFinished(() => git.dispose());
  const scratch = tempDirectory();
  const scripts = new ScriptFetcher({ git, folder, scratch, lookUp: name => variables.get(name) });
  return { get: async source => new TextDecoder().decode(await scripts.fetch(source, never)), scratch };
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const http = (url: string, credentials: object = {}): FetchedScriptSpec => ({ provider: 'http', url, credentials });

describe('a script from an address', () => {
  test('is sent its credentials, and nobody is whom it redirects to', async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end('script');
    });
    const first = await serve(({ url, headers }, response) => {
      seen.push(headers.authorization);
      if (url === '/a') response.writeHead(302, { Location: '/b' }).end();
      else response.writeHead(307, { Location: other }).end();
    });
    expect(await fetcher().get(http(`${first}/a`, { token: '${TOKEN}' }))).toBe('script');
    expect(seen).toEqual(['Bearer t0ken', 'Bearer t0ken', undefined]);
    seen.length = 0;
    await fetcher().get(http(other, { username: 'me', password: '${TOKEN}' }));
    expect(seen).toEqual([`Basic ${Buffer.from('me:t0ken').toString('base64')}`]);
  });

  test.each<readonly [string, (request: IncomingMessage, response: ServerResponse) => void, RegExp]>([
    ['an error', (_, response) => response.writeHead(404).end(), /the answer is 404/],
    ['no script', (_, response) => response.end('x'.repeat(1_048_577)), /longer than 1048576 bytes/],
    ['redirects for ever', (_, response) => response.writeHead(302, { Location: '/' }).end(), /more than 5 times/],
    [
      'a file',
      (_, response) => response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
      /redirects to file:/,
    ],
    [
      'a user',
      (_, response) => response.writeHead(302, { Location: 'http://a:b@localhost/' }).end(),
      /with a user name/,
    ],
  ])('is refused when the answer is %s', async (_, answer, message) => {
    await expect(fetcher().get(http(await serve(answer)))).rejects.toThrow(message);
  });

  test('is not asked for with a credential that is missing', async () => {
    await expect(fetcher().get(http('http://127.0.0.1:1/', { token: '${NOBODY}' }))).rejects.toThrow(
      /variable NOBODY is not set/,
    );
  });
});

describe('a script from a repository', () => {
  test('is that of its ref, and nothing of it stays on the disk', async () => {
    const repository = testRepository({ 'jobs/nightly.js': 'one' });
    execFileSync('git', ['tag', 'v1'], { cwd: repository });
    execFileSync('sh', ['-c', 'echo two > jobs/nightly.js; git -c user.name=T -c user.email=t@e commit -qam two'], {
      cwd: repository,
    });
    const { get, scratch } = fetcher(repository);
    const source = { provider: 'git', url: repository, path: 'jobs/nightly.js', credentials: {} } as const;
    expect(await get({ ...source, ref: 'v1' })).toBe('one');
    expect(await get({ ...source, url: '.' })).toBe('two\n');
    expect(readdirSync(scratch)).toEqual([]);
  });

  test.each([
    ['another protocol', { url: 'ext::sh -c "touch /tmp/owned"', path: 'x' }],
    ['an option for a ref', { ref: '--upload-pack=touch /tmp/owned', path: 'README.md' }],
    ['no such file', { path: 'nothing.js' }],
    ['a folder', { path: 'jobs' }],
  ])('is refused when it is %s', async (_, more) => {
    const url = testRepository({ 'jobs/nightly.js': 'one' });
    const { get, scratch } = fetcher(url);
    await expect(get({ provider: 'git', url, credentials: {}, ...more })).rejects.toThrow(/./);
    expect(readdirSync(scratch)).toEqual([]);
  });
});
