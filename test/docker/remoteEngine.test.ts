import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { containerHost, git, shipped } from '../support/containerHost.ts';
import { buildGuestImage, dockerCli, dockerUnderTest, sshTo } from '../support/docker.ts';
import { agentClis, findAgentClis } from '../support/agents/agentClis.ts';
import { startAgentHost } from '../support/agents/agentHost.ts';
import { dispatchAndWait, threadOf } from '../support/agents/threads.ts';
import { testRepository } from '../support/hostProcess.ts';
import { stringify } from 'yaml';
import { tempDirectory } from '../support/tempDirectory.ts';

const docker = dockerUnderTest();
const { host: localHost, image, nodeImage } = docker.kind === 'there' ? docker : { host: '', image: '', nodeImage: '' };

function openssl(folder: string, ...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
}

/** A certificate authority, a server and a client of it, as Docker's documentation makes them. */
function certificates(): string {
  const folder = tempDirectory('muster-tls');
  const make = (name: string, extension: string): void => {
    writeFileSync(join(folder, `${name}.ext`), extension);
    openssl(
      folder,
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.pem`,
      '-subj',
      `/CN=${name}`,
      '-out',
      `${name}.csr`,
    );
    openssl(
      folder,
      ...`x509 -req -days 2 -in ${name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile ${name}.ext`.split(
        ' ',
      ),
      '-out',
      `${name}-cert.pem`,
    );
  };
  openssl(
    folder,
    ...'req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca-key.pem -subj /CN=ca -out ca.pem'.split(' '),
  );
  make('server', 'subjectAltName = IP:127.0.0.1\nextendedKeyUsage = serverAuth\n');
  make('key', 'extendedKeyUsage = clientAuth\n');
  execFileSync('mv', [join(folder, 'key-cert.pem'), join(folder, 'cert.pem')]);
  return folder;
}

/** The other machine: a second engine that asks for a client's certificate, with images of its own. */
async function otherMachine(
  images: readonly string[],
): Promise<{ readonly address: string; readonly certificates: string }> {
  const folder = tempDirectory('muster-other');
  const tls = certificates();
  const port = 21_000 + Math.floor(Math.random() * 5_000);
  const address = `tcp://127.0.0.1:${port}`;
  const places = [
    '--data-root',
    join(folder, 'data'),
    '--exec-root',
    join(folder, 'exec'),
    '--pidfile',
    join(folder, 'pid'),
  ];
  const verified = ['--tlsverify', '--tlscacert', join(tls, 'ca.pem')];
  const own = ['--tlscert', join(tls, 'server-cert.pem'), '--tlskey', join(tls, 'server.pem')];
  // An engine without a bridge of its own takes that of the first one away.
  const bridge = `muster${port}`;
  execFileSync('ip', ['link', 'add', 'name', bridge, 'type', 'bridge']);
  onTestFinished(() => void execFileSync('ip', ['link', 'delete', bridge]));
  execFileSync('ip', ['address', 'add', `10.${port % 200}.77.1/24`, 'dev', bridge]);
  const engine = spawn(
    '/usr/sbin/dockerd',
    [...places, ...verified, ...own, '-H', address, `--bridge=${bridge}`, '--iptables=false'],
    { stdio: 'ignore' },
  );
  onTestFinished(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    engine.once('exit', () => resolve());
    engine.kill('SIGTERM');
    await promise;
  });
  const answers = async (): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true));
    socket.once('error', () => resolve(false));
    const there = await promise;
    socket.destroy();
    return there;
  };
  await expect.poll(answers, { timeout: 30_000 }).toBe(true);
  const saved = join(folder, 'images.tar');
  dockerCli(localHost, 'save', '-o', saved, ...images);
  other(address, tls, 'load', '-q', '-i', saved);
  return { address, certificates: tls };
}

function other(address: string, tls: string, ...args: readonly string[]): string {
  const files = [
    '--tlsverify',
    '--tlscacert',
    join(tls, 'ca.pem'),
    '--tlscert',
    join(tls, 'cert.pem'),
    '--tlskey',
    join(tls, 'key.pem'),
  ];
  return execFileSync('docker', ['-H', address, ...files, ...args], { encoding: 'utf8' }).trim();
}

describe.runIf(docker.kind === 'there')('an engine on another machine', () => {
  test('over TCP and TLS: files go there and come back, commits too, and nothing of it stays there', async () => {
    const { address, certificates: tls } = await otherMachine([image]);
    const script = [
      'git log --format=%s; cat >task.txt; cat readme.md',
      'rm readme.md; mkdir deep; echo new >deep/new.txt; ln -s deep link',
      'git add -A && git commit -qm "By the agent"; echo later >later.txt',
      'echo "$HOME" >$HOME/kept; pwd; ls /muster; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo "line $i"; done',
    ].join('\n');
    const env = { DOCKER_CERT_PATH: tls, DOCKER_TLS_VERIFY: '1' };
    const { home, repository, run } = await containerHost({ host: address, image, script, env, profile: env });
    const id = await run('Write it down');
    const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
      threads: readonly { status: string; latest_run: { status: string; error?: { message: string } } }[];
    };
    expect(threads[0], threads[0]?.latest_run.error?.message).toMatchObject({ status: 'ready' });
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(said).toMatch(/^Begin\none\n/);
    expect(said).toMatch(/\/workspace\n[^]*line 2000\n$/);
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'log', '--format=%s', `main..${head}`).split('\n')).toEqual([
      'Write it down',
      'By the agent',
    ]);
    expect(await home.musterJson(['merge', id, '--expect', head], { cwd: repository })).toMatchObject({
      status: 'merged',
    });
    expect(existsSync(join(repository, 'readme.md'))).toBe(false);
    expect(readFileSync(join(repository, 'deep/new.txt'), 'utf8')).toBe('new\n');
    expect(readFileSync(join(repository, 'later.txt'), 'utf8')).toBe('later\n');
    expect(readFileSync(join(repository, 'link/new.txt'), 'utf8')).toBe('new\n');
    expect(other(address, tls, 'ps', '-aq')).toBe('');
    // The agent's home folder stays for its next run.
    expect(other(address, tls, 'volume', 'ls', '-q')).toMatch(/^muster-home-\w+$/);
    await home.muster(['sandbox', 'clean', '--all'], { cwd: repository });
    expect(other(address, tls, 'volume', 'ls', '-q')).toBe('');
  });

  test('a host that is killed meanwhile is followed by one that fetches what the run left', async () => {
    const { address, certificates: tls } = await otherMachine([image]);
    const env = { DOCKER_CERT_PATH: tls, DOCKER_TLS_VERIFY: '1' };
    const script = 'echo up; sleep 6; echo done >done.txt; echo over';
    const { home, repository } = await containerHost({ host: address, image, script, env, profile: env });
    const sent = await home.musterJson(['dispatch', 'dev', 'Wait'], { cwd: repository });
    const { thread_id: id } = sent as { thread_id: string };
    const said = async (): Promise<string> => (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    await expect.poll(said, { timeout: 60_000 }).toContain('up');
    await home.killHost();
    const running = (): string => other(address, tls, 'ps', '-q');
    await expect.poll(running, { timeout: 30_000, interval: 500 }).toBe('');
    expect(await home.muster(['wait', id, '--timeout', '60'], { cwd: repository })).toMatchObject({ status: 0 });
    expect(await said()).toBe('up\nover\n');
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'show', `${head}:done.txt`)).toBe('done');
    expect(other(address, tls, 'ps', '-aq')).toBe('');
  });

  test('over ssh, by the system’s own', async () => {
    const { home, repository, run } = await containerHost({
      host: 'ssh://ada@far.example',
      image,
      script: 'echo there >there.txt; echo said',
      profile: { PATH: `${sshTo(localHost)}:${process.env['PATH'] ?? ''}` },
    });
    const id = await run('Go there');
    expect((await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout).toBe('said\n');
    expect((await home.muster(['diff', id], { cwd: repository })).stdout).toContain('+there');
  });
});

const clis = findAgentClis();
describe.skipIf(docker.kind === 'missing' || 'missing' in clis)('a real CLI on another machine', () => {
  test(
    'reaches its model over the engine alone',
    async () => {
      await buildGuestImage((await plainHost()).home, localHost, nodeImage);
      const { address, certificates: tls } = await otherMachine(['muster-guest:latest']);
      const cli = agentClis.claude;
      const task = 'Add hello.txt with a greeting';
      const agent = {
        provider: cli.name,
        model: cli.model,
        image: 'muster-guest:latest',
        driver: { docker: { host: address } },
      };
      const repository = testRepository({ 'agent-compose.yml': stringify({ name: 'shop', agents: { dev: agent } }) });
      const { home } = await startAgentHost({
        programs: shipped,
        clis: 'folder' in clis ? clis.folder : '',
        throughHost: true,
        profile: { DOCKER_CERT_PATH: tls, DOCKER_TLS_VERIFY: '1' },
        script: [
          {
            prompt: task,
            steps: [
              { text: 'I will add it.', toolCall: cli.writeFile('hello.txt', 'Hello from afar') },
              { text: 'hello.txt greets now.' },
            ],
          },
        ],
      });
      expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
      const thread = await dispatchAndWait(home, repository, [task]);
      const { latest_run: run } = await threadOf(home, repository, thread);
      expect(run, run.error?.message).toMatchObject({ status: 'succeeded' });
      expect((await home.muster(['diff', thread], { cwd: repository })).stdout).toContain('+Hello from afar');
    },
    15 * 60_000,
  );
});

async function plainHost() {
  return await containerHost({ host: localHost, image, script: 'true' });
}
