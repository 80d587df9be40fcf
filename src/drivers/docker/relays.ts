/**
 * What connects a guest without a network to the few ports of this machine that it may reach: each is a unix socket in
 * `/muster/doors/<port>`, and inside the container a relay listens at the port's own number on the loopback interface. A separate
 * container as the only member of two networks was turned down: from an internal network of Docker the whole host can be
 * reached at the bridge's address, and this way there is no network at all.
 *
 * The relay has to run in any image that has an agent's CLI. Node or Perl is in nearly all of them (Debian and its relatives
 * cannot do without Perl).
 *
 * Called with the file that says when all ports are listened at, and the ports.
 */
export const nodeRelay = String.raw`
const net = require('net'), fs = require('fs');
const [ready, ...ports] = process.argv.slice(1);
let missing = ports.length;
for (const port of ports) {
  const server = net.createServer({ allowHalfOpen: true }, client => {
    const door = net.connect({ path: '/muster/doors/' + port + '/door.sock', allowHalfOpen: true });
    const end = () => { client.destroy(); door.destroy(); };
    client.on('error', end);
    door.on('error', end);
    client.setNoDelay(true);
    client.pipe(door);
    door.pipe(client);
  });
  server.on('error', () => process.exit(1));
  server.listen(Number(port), '127.0.0.1', () => { if (--missing === 0) fs.writeFileSync(ready, ''); });
}
`;

export const perlRelay = String.raw`
use strict; use IO::Socket::INET; use IO::Socket::UNIX; use IO::Select;
$SIG{PIPE} = 'IGNORE'; $SIG{CHLD} = 'IGNORE';
my ($ready, @ports) = @ARGV;
my $listeners = IO::Select->new; my %port_of;
for my $port (@ports) {
  my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 128, ReuseAddr => 1) or exit 1;
  $listeners->add($socket); $port_of{fileno $socket} = $port;
}
open(my $mark, '>', $ready) or exit 1; close $mark;
sub carry {
  my ($client, $port) = @_;
  my $door = IO::Socket::UNIX->new(Peer => "/muster/doors/$port/door.sock") or return;
  my %other = (fileno($client) => $door, fileno($door) => $client);
  my $open = IO::Select->new($client, $door);
  while ($open->count) {
    for my $from ($open->can_read) {
      my $to = $other{fileno $from};
      my $count = sysread($from, my $bytes, 65536);
      return if !defined $count;
      if ($count == 0) { $open->remove($from); shutdown($to, 1); next; }
      my $sent = 0;
      while ($sent < $count) {
        my $wrote = syswrite($to, $bytes, $count - $sent, $sent);
        return if !defined $wrote;
        $sent += $wrote;
      }
    }
  }
}
while (1) {
  for my $listener ($listeners->can_read) {
    my $client = $listener->accept or next;
    my $child = fork;
    if (defined $child && $child == 0) { carry($client, $port_of{fileno $listener}); exit 0; }
    close $client;
  }
}
`;

/**
 * The first program of a container: starts the relay when there are doors, waits until it listens, and becomes the wrapper
 * of the run. A relay ignores the SIGTERM that asks the agent to end: the agent may want to say its last words to a model.
 *
 * Called as `sh -c <this> <run's mark> <ports> <relay for node> <relay for perl> <wrapper> <arguments of the wrapper…>`.
 */
export const guestEntry = String.raw`
muster_ports=$1 muster_node=$2 muster_perl=$3 muster_wrapper=$4
shift 4
if [ "$muster_ports" ]; then
  muster_ready=/run/muster-relay
  if [ "$muster_ports" = elsewhere ]; then
    : # The host starts it, over the engine.
  elif command -v node >/dev/null 2>&1; then
    (trap '' TERM; exec node -e "$muster_node" "$muster_ready" $muster_ports) </dev/null >/dev/null 2>&1 &
  else
    (trap '' TERM; exec perl -e "$muster_perl" "$muster_ready" $muster_ports) </dev/null >/dev/null 2>&1 &
  fi
  muster_tries=0
  until [ -e "$muster_ready" ] || [ "$muster_tries" -ge 400 ]; do
    muster_tries=$((muster_tries + 1))
    sleep 0.05
  done
fi
exec /bin/sh -c "$muster_wrapper" "$0" "$@"
`;
