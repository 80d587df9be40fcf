import type { TerminalSize } from '../../runs/liveInput.js';

/** The script that runs a command with what somebody gives it; in the run's directory. */
export const attachedFile = 'attached.sh';

/** Names of the pipes in the run's directory. `attachedScript` knows them. */
export const inputPipes = { input: 'input', sizes: 'sizes' } as const;

/**
 * Called as `sh attached.sh <run directory> <script> [<rows> <columns>]`. Opening a pipe for reading waits for a writer, and a host that
 * is gone never comes: it is opened both ways first, which waits for nobody, and once it is open for reading only the host counts, so that
 * the input ends with the host. The names go when they have done their work: by that the host knows that all is open.
 *
 * A terminal is made by `script` of util-linux, which every usual Linux has. Its size is set from inside, by a reader of the second pipe that
 * ends with the terminal.
 */
export const attachedScript = String.raw`
muster_dir=$1
exec 3<>"$muster_dir/input" && exec 0<"$muster_dir/input" 3>&- || exit 126
if [ $# -lt 4 ]; then
  rm -f -- "$muster_dir/sizes" "$muster_dir/input"
  exec sh "$2"
fi
exec 3<>"$muster_dir/sizes" && exec 4<"$muster_dir/sizes" 3>&- || exit 126
rm -f -- "$muster_dir/sizes" "$muster_dir/input"
if ! script --version 2>/dev/null | grep -q util-linux; then
  echo 'A terminal is made by script(1) of util-linux, which is not installed here.' >&2
  exit 127
fi
MUSTER_SCRIPT=$2 TERM=${'$'}{TERM:-xterm-256color} SHELL=/bin/sh
[ "$TERM" = dumb ] && TERM=xterm-256color
export MUSTER_SCRIPT TERM SHELL
exec script -qefc "stty rows $3 cols $4; muster_tty=\$(tty)
while read -r rows cols; do stty rows \"\$rows\" cols \"\$cols\" <\"\$muster_tty\"; done <&4 &
exec sh \"\$MUSTER_SCRIPT\" 4<&-" /dev/null
`;

/** Its words. */
export function attachedArguments(runDir: string, script: string, terminal: TerminalSize | undefined): string[] {
  const size = terminal ? [String(terminal.rows), String(terminal.columns)] : [];
  return ['sh', `${runDir}/${attachedFile}`, runDir, script, ...size];
}
