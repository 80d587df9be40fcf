import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { containerHost } from '../support/containerHost.ts';
import { dockerUnderTest } from '../support/docker.ts';

const docker = dockerUnderTest();

describe.runIf(docker.kind === 'there')('an agent in a container that means no good', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

  test('cannot start more processes than its container may have, and is stopped with all of them', async () => {
    // Until the shell cannot fork any more; what it started stays, and the last program needs no process of its own.
    const script = '(while :; do sleep 1000 & done) 2>&1; echo full; exec sleep 1000';
    const { home, repository } = await containerHost({ host, image, script });
    const { thread_id: id } = (await home.musterJson(['dispatch', 'dev', 'Fork'], { cwd: repository })) as {
      thread_id: string;
    };
    const containers = (): string[] =>
      execFileSync('docker', ['--host', host, 'ps', '-q', '--filter', `label=dev.muster.thread=${id}`], {
        encoding: 'utf8',
      })
        .trim()
        .split('\n')
        .filter(line => line !== '');
    const processes = (): number => {
      const [container] = containers();
      if (container === undefined) return 0;
      return execFileSync('docker', ['--host', host, 'top', container, '-eo', 'pid'], { encoding: 'utf8' }).split('\n')
        .length;
    };
    await expect.poll(processes, { timeout: 60_000, interval: 1_000 }).toBeGreaterThan(500);
    expect(processes()).toBeLessThanOrEqual(1030);
    expect(await home.muster(['cancel', id], { cwd: repository })).toMatchObject({ status: 0 });
    expect(containers()).toEqual([]);
  });

  test('ends when it takes more memory than it has', async () => {
    const script = `perl -e 'my @hog; while (1) { push @hog, "x" x 10_000_000 }'; echo "ended with $?"`;
    const { home, repository, run } = await containerHost({
      host,
      image,
      script,
      agent: { resources: { memory: '64m' } },
    });
    const id = await run('Eat');
    expect((await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout).toMatch(/ended with (137|9|1)\n/);
  });

  test('is ended when it writes more than it may, in one file at once and in many soon, and says so', async () => {
    const agent = { resources: { disk: '64m' } };
    const large = 'dd if=/dev/zero of=large bs=1M count=200 2>&1; ls -s --block-size=M large; rm large';
    const one = await containerHost({ host, image, script: large, agent });
    const first = await one.run('Fill');
    expect((await one.home.muster(['logs', first, '--raw'], { cwd: one.repository })).stdout).toMatch(
      /File size limit exceeded|File too large|64M large/,
    );

    const many =
      'i=0; while :; do i=$((i+1)); dd if=/dev/zero of=$HOME/part$i bs=1M count=8 2>/dev/null; sleep 0.05; done';
    const { home, repository, run } = await containerHost({ host, image, script: many, agent });
    await run('Fill slowly');
    const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
      threads: readonly { latest_run: { status: string; error?: { message: string } } }[];
    };
    expect(threads[0]?.latest_run).toMatchObject({ status: 'failed' });
    expect(threads[0]?.latest_run.error?.message).toContain('it wrote more than 64 MiB (resources.disk)');
  });

  test('finds no way out, and nobody beside it', async () => {
    const script = `
for address in 172.17.0.1 10.0.0.1 192.168.0.1 1.1.1.1; do
  perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(PeerAddr => shift, PeerPort => 53, Timeout => 2) ? "reached\\n" : "no: $!\\n"' $address
done
perl -MIO::Socket::INET -e 'for (1 .. 9999) { print "open: $_\\n" if IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $_, Timeout => 1) }'
touch /etc/mine 2>&1
id -u; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status
ls /var/run/docker.sock 2>&1`;
    const agent = { sandbox: { network: 'none' } };
    const { home, repository, run } = await containerHost({ host, image, script, agent });
    const id = await run('Scan');
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(said.match(/no: Network is unreachable/g)).toHaveLength(4);
    expect(said).not.toMatch(/reached|open:/);
    expect(said).toContain('Read-only file system');
    expect(said).toMatch(/CapEff:\s+0000000000000000/);
    expect(said).toMatch(/NoNewPrivs:\s+1/);
  });

  test('is one of twenty at once', async () => {
    const { home, repository } = await containerHost({
      host,
      image,
      script: 'cat >task.txt; sleep 2',
      env: { MUSTER_MAX_RUNS: '20' },
    });
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        home.musterJson(['dispatch', 'dev', `Task ${index}`], { cwd: repository }),
      ),
    );
    for (const each of sent) {
      const { thread_id: id } = each as { thread_id: string };
      expect(await home.muster(['wait', id, '--timeout', '120'], { cwd: repository })).toMatchObject({ status: 0 });
    }
    const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
      threads: readonly { status: string }[];
    };
    expect(threads.map(({ status }) => status)).toEqual(sent.map(() => 'ready'));
  });
});
