import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { ForwardedPort } from '../../core/sandboxes/sandboxDriver.js';

/** Both end when the other side has: whoever waits for that, waits for the end of the program. */
const nodeEnd = String.raw`
const s = require('net').connect({ port: Number(process.argv[1]), host: '127.0.0.1', allowHalfOpen: true });
s.on('error', () => process.exit(1));
s.on('end', () => process.stdout.write('', () => process.exit(0)));
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

/** What leads from its input and output to a TCP port of the place where it is started. */
export function portEnd(port: number): readonly string[] {
  return ['/bin/sh', '-c', oneEnd, 'forward', nodeEnd, perlEnd, String(port)];
}

/**
 * A port of this machine's loopback interface whose connections are carried elsewhere, one by one; half-open, as TCP is. A connection
 * that cannot be carried ends.
 */
export async function forwardPort(
  carry: (socket: Socket) => Promise<void>,
  signal: AbortSignal,
): Promise<ForwardedPort> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void carry(socket).catch(() => socket.destroy());
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
