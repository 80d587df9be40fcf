import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { AppError } from '../../../base/errors.js';
import type { Clock } from '../../../base/clock.js';
import { runInside, startInside } from '../insidePod.js';
import type { PodContainer } from '../podChannels.js';

/** Nobody's on any image; each pod has ports of its own. */
const port = 47_115;
const connectMs = 3_000;
/** A network plugin hears of a new pod after that pod has begun. */
const tries = 10;
const betweenMs = 1_000;
const noProgram = 13;

/** What a pod under the policy reaches; `unreachable`: nor does any other pod, so that nothing is known. */
export type Enforcement = 'enforced' | 'open' | 'unreachable';

/** Whether the policy keeps a pod from what another one, under none, reaches. Errors: what the ways throw. */
export async function enforcement(
  ways: { readonly free: () => Promise<boolean>; readonly closed: () => Promise<boolean> },
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<Enforcement> {
  if (!(await ways.free())) return 'unreachable';
  for (let left = tries; left > 0; left--) {
    // One that is kept from it because everybody is by now proves nothing.
    if (!(await ways.closed())) return (await ways.free()) ? 'enforced' : 'unreachable';
    await clock.sleep(betweenMs, signal);
  }
  return 'open';
}

/** Of the programs that images have, the first that is there: nothing of ours is in a pod that is only looked at. */
function byWhatIsThere(programs: { readonly node: string; readonly perl: string; readonly python: string }): string {
  return [
    `command -v node >/dev/null 2>&1 && exec node -e '${programs.node}' "$@"`,
    `command -v perl >/dev/null 2>&1 && exec perl -e '${programs.perl}' "$@"`,
    `command -v python3 >/dev/null 2>&1 && exec python3 -c '${programs.python}' "$@"`,
    `exit ${noProgram}`,
  ].join('\n');
}

const listens = byWhatIsThere({
  node: 'require("net").createServer(s => s.destroy()).listen(+process.argv[1], () => console.log("up"))',
  perl: 'use IO::Socket::INET; $| = 1; $s = IO::Socket::INET->new(Listen => 5, LocalPort => $ARGV[0], ReuseAddr => 1) or exit 1; print "up\\n"; while ($c = $s->accept) { close $c }',
  python:
    'import socket, sys\ns = socket.create_server(("", int(sys.argv[1])))\nprint("up", flush=True)\nwhile True: s.accept()[0].close()',
});

const connects = byWhatIsThere({
  node: `const s = require("net").connect({ host: process.argv[1], port: +process.argv[2], timeout: ${connectMs} }); const say = t => { console.log(t); process.exit() }; s.on("connect", () => say("yes")).on("error", () => say("no")).on("timeout", () => say("no"))`,
  perl: `use IO::Socket::INET; print IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => ${connectMs / 1000}) ? "yes" : "no"`,
  python: `import socket, sys\ntry: socket.create_connection((sys.argv[1], int(sys.argv[2])), ${connectMs / 1000}); print("yes")\nexcept OSError: print("no")`,
});

/** A port of a pod, open until it is disposed. Errors: `sandbox.unavailable` where its image has nothing that could open one. */
export async function openPort(place: PodContainer, signal: AbortSignal): Promise<{ dispose(): void }> {
  const program = await startInside(place, ['/bin/sh', '-c', listens, 'sh', String(port)], 'output', signal);
  const lines = createInterface({ input: program.output });
  // Told by `ended`.
  program.output.on('error', () => lines.close());
  const over = program.ended.then(({ code }) => {
    const reason = code === noProgram ? 'its image has no node, perl or python3' : `a program in it ended with ${code}`;
    throw new AppError('sandbox.unavailable', `No port of the pod could be opened: ${reason}.`, {
      driver: 'kubernetes',
      reason,
    });
  });
  over.catch(() => undefined);
  try {
    await Promise.race([once(lines, 'line', { signal }), over]);
  } catch (error) {
    program.end();
    signal.throwIfAborted();
    throw error;
  }
  return { dispose: () => program.end() };
}

/** Whether a process of one pod gets to the port that {@link openPort} opened in another. */
export async function reaches(from: PodContainer, address: string, signal: AbortSignal): Promise<boolean> {
  const said = await runInside(from, ['/bin/sh', '-c', connects, 'sh', address, String(port)], { signal });
  return said.trim() === 'yes';
}
