import type { Duplex } from 'node:stream';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import type { ForwardedPort } from '../../core/sandboxes/sandboxDriver.js';
import type { DockerEngine } from './dockerEngine.js';

const nodeEnd = String.raw`
const s = require('net').connect({ port: Number(process.argv[1]), host: '127.0.0.1', allowHalfOpen: true });
s.on('error', () => process.exit(1)); s.on('close', () => process.exit(0));
process.stdin.on('error', () => s.destroy()); process.stdout.on('error', () => s.destroy());
process.stdin.pipe(s); s.pipe(process.stdout);
`;

const perlEnd = String.raw`
use strict; use IO::Socket::INET; use IO::Select; $SIG{PIPE} = 'IGNORE';
my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ARGV[0]) or exit 1;
my $open = IO::Select->new($s, \*STDIN);
while (my @ready = $open->can_read) {
  for my $from (@ready) {
    my $count = sysread($from, my $bytes, 65536);
    if (!$count) { exit 0 if $from == $s; $open->remove($from); shutdown($s, 1); next; }
    my $sent = 0;
    while ($sent < $count) {
      my $wrote = syswrite($from == $s ? \*STDOUT : $s, $bytes, $count - $sent, $sent);
      exit 0 if !defined $wrote;
      $sent += $wrote;
    }
  }
}
`;

const oneEnd = 'if command -v node >/dev/null 2>&1; then exec node -e "$1" "$3"; else exec perl -e "$2" "$3"; fi';

/**
 * A port of this machine that leads to one of a container. A container has no network, so each connection is a small program inside
 * whose input and output the engine carries; that works with an engine elsewhere too.
 */
export async function forwardPort(
  engine: DockerEngine,
  request: { readonly container: string; readonly port: number },
  signal: AbortSignal,
): Promise<ForwardedPort> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void carry(engine, request, socket).catch(() => socket.destroy());
  });
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address !== 'string') resolve(address);
  });
  const { port } = await promise;
  const dispose = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  if (signal.aborted) dispose();
  signal.throwIfAborted();
  return { host: '127.0.0.1', port, dispose };
}

async function carry(
  engine: DockerEngine,
  { container, port }: { readonly container: string; readonly port: number },
  socket: Socket,
): Promise<void> {
  const exec = await engine.call(() =>
    engine.docker.getContainer(container).exec({
      Cmd: ['/bin/sh', '-c', oneEnd, 'forward', nodeEnd, perlEnd, String(port)],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    }),
  );
  const stream: Duplex = await engine.call(() => exec.start({ hijack: true, stdin: true }));
  const end = (): void => {
    stream.destroy();
    socket.destroy();
  };
  stream.on('error', end);
  socket.once('close', () => stream.destroy());
  demultiplex(engine.docker, stream, socket);
  socket.pipe(stream);
}

/** The engine mixes both outputs of a program; what it complains of is of no interest to a socket. */
function demultiplex(docker: Docker, stream: Duplex, socket: Socket): void {
  const said = new PassThrough();
  const complained = new PassThrough();
  complained.resume();
  said.pipe(socket);
  docker.modem.demuxStream(stream, said, complained);
  stream.once('end', () => said.end());
  stream.once('close', () => said.end());
}
