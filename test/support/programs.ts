/** What a test's agent does, step by step. Each kind of sandbox has its own way to say it. */
export type ProgramStep =
  | { readonly print: string }
  | { readonly complain: string }
  /** Copies standard input to standard output. */
  | { readonly printInput: true }
  | { readonly printVariable: string }
  | { readonly write: { readonly path: string; readonly text: string } }
  | { readonly read: string }
  | { readonly ignoreTerm: true }
  /** Answers one word, and what was said to it, to everybody who connects to a port of its own loopback interface. */
  | { readonly listen: number }
  /** Goes on until it is stopped. */
  | { readonly wait: true }
  | { readonly exit: number };

const echoServer = `use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 5, ReuseAddr => 1) or die;
$| = 1; print "listening\\n";
while (my $client = $server->accept) { my $line = <$client>; print $client "heard $line"; close $client; }`;

/** The program as a command for a POSIX shell. */
export function shellProgram(steps: readonly ProgramStep[]): readonly string[] {
  return ['sh', '-c', steps.map(shellStep).join('\n')];
}

function shellStep(step: ProgramStep): string {
  if ('print' in step) return `printf %s ${quote(step.print)}`;
  if ('complain' in step) return `printf %s ${quote(step.complain)} >&2`;
  if ('printInput' in step) return 'cat';
  if ('write' in step) return `printf %s ${quote(step.write.text)} >${quote(step.write.path)}`;
  if ('read' in step) return `cat ${quote(step.read)} || exit`;
  if ('printVariable' in step) return `printf '%s\\n' "$${step.printVariable}"`;
  if ('ignoreTerm' in step) return `trap '' TERM`;
  if ('listen' in step) return `perl -e ${quote(echoServer)} ${step.listen} &`;
  if ('exit' in step) return `exit ${step.exit}`;
  return 'while :; do sleep 1000; done';
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
