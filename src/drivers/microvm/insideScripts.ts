import { runIdVariable } from '../../node/runFiles.js';
import { shellWrapper } from '../../node/shellWrapper.js';

/**
 * Starts the wrapper so that it outlives the command that started it, and this host. Why nothing was started is said on its output.
 *
 * Called as `sh -c <this> <run's mark> <wrapper> <file to wait for, or nothing> <arguments of the wrapper…>`.
 */
const beginRun = String.raw`
exec 2>&1
muster_wrapper=$1
muster_ready=$2
shift 2
if [ -n "$muster_ready" ]; then
  muster_wrapper="muster_tries=0
until [ -e '$muster_ready' ] || [ "\$muster_tries" -ge 600 ]; do muster_tries=\$((muster_tries + 1)); sleep 0.05; done
unset muster_tries
$muster_wrapper"
fi
if command -v setsid >/dev/null 2>&1; then
  setsid /bin/sh -c "$muster_wrapper" "$0" "$@" </dev/null >/dev/null 2>&1 &
else
  (trap '' HUP; exec /bin/sh -c "$muster_wrapper" "$0" "$@") </dev/null >/dev/null 2>&1 &
fi
`;

export function beginCommand(
  mark: string,
  wrapped: readonly string[],
  { after = '' }: { readonly after?: string } = {},
): readonly [string, ...string[]] {
  return ['/bin/sh', '-c', beginRun, mark, shellWrapper, after, ...wrapped];
}

/** Its exit code when the command is there. */
export const there = 0;

export function lookForCommand(command: string): readonly [string, ...string[]] {
  return ['/bin/sh', '-c', 'command -v "$1" >/dev/null 2>&1 || exit 10', 'probe', command];
}

/** Its exit code when no process carries the mark; with any other that is not {@link there} nobody could look. */
export const noneMarked = 10;

/** The mark is split, so that what looks for it does not carry it. */
export function lookForRun(run: string): readonly [string, ...string[]] {
  const script = 'grep -qsF "$1=$2" /proc/[0-9]*/environ && exit 0; [ $? -eq 1 ] && exit 10; exit 11';
  return ['/bin/sh', '-c', script, 'probe', runIdVariable, run];
}

/** The machine is the run's alone: everything but its init and this command itself. */
export const askToEnd = ['/bin/sh', '-c', 'kill -TERM -1', 'stop'] as const;

/** Says how many there are. */
export const countProcesses = ['/bin/sh', '-c', 'set -- /proc/[0-9]*; echo $#', 'count'] as const;
