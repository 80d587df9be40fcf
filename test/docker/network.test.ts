import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { containerHost } from '../support/containerHost.ts';
import { dockerUnderTest } from '../support/docker.ts';

const docker = dockerUnderTest();

/** A web server of this machine; returns its port. */
async function webServer(): Promise<number> {
  const server = createServer((_, answer) => answer.end('from outside\n'));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}

/** Asks the proxy inside for a connection, then over it for a page. */
const ask = (target: string): string =>
  `perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 3128) or die "no proxy\\n";
    print $s "CONNECT ${target} HTTP/1.1\\r\\nHost: ${target}\\r\\n\\r\\n";
    my $line = <$s>; print $line; exit unless $line =~ /200/;
    while (<$s>) { last if /^\\r?$/ }
    print $s "GET / HTTP/1.0\\r\\n\\r\\n"; print while <$s>;
  '`;

describe.runIf(docker.kind === 'there')('the network of a container', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

  test('is the hosts that the file names, through the host', async () => {
    const [allowed, forbidden] = [await webServer(), await webServer()];
    const script = [
      'echo $HTTPS_PROXY',
      ask(`127.0.0.1:${allowed}`),
      ask(`127.0.0.1:${forbidden}`),
      ask('localhost:80'),
      'grep -c eth0 /proc/net/dev',
    ].join('\n');
    const { home, repository, run } = await containerHost({
      host,
      image,
      script,
      agent: { sandbox: { network: [`127.0.0.1:${allowed}`, 'localhost'] } },
    });
    const id = await run('Fetch');
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout.replaceAll('\r', '');
    expect(said).toMatch(/^http:\/\/127\.0\.0\.1:3128\nHTTP\/1\.1 200 Connection established\n/);
    expect(said).toContain('from outside');
    expect(said.match(/403 Forbidden/g)).toHaveLength(2);
    expect(said.trimEnd().endsWith('\n0')).toBe(true);
  });

  test('is all of it, when the file says so and a person agreed', async () => {
    const { home, repository, run } = await containerHost({
      host,
      image,
      script: 'grep -c eth0 /proc/net/dev',
      agent: { sandbox: { network: 'full' } },
    });
    const id = await run('Look');
    expect((await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout).toBe('1\n');
  });
});
