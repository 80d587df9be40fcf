import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { dockerCli } from './docker.ts';
import { tempDirectory } from './tempDirectory.ts';

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

/** Another machine: a second engine that asks for a client's certificate, with these images of the first one. */
export async function otherMachine(
  localHost: string,
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

/** Docker's own command, on that machine. */
export function other(address: string, tls: string, ...args: readonly string[]): string {
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
