import { runInside } from './insidePod.js';
import type { PodContainer } from './podChannels.js';

/** In the environment of all that was begun from one terminal. */
const variable = 'MUSTER_TERMINAL';

/** The command that begins another one so that {@link hangUp} finds it. */
export function marked(mark: string, command: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', `export ${variable}="$1"; shift; exec "$@"`, 'terminal', mark, ...command];
}

/** Asks first, as a terminal does that is closed. What ended meanwhile has nothing to say. */
const script = String.raw`
cd /proc
every() {
  for each in [0-9]*; do
    tr '\0' '\n' 2>/dev/null <"$each/environ" | grep -qx "$0=$1" && echo "$each"
  done
}
kill -HUP $(every "$1")
sleep 1
kill -KILL $(every "$1")
exit 0
`;

/** Ends what nobody is attached to any more: the cluster leaves it running. Errors: as of {@link runInside}. */
export async function hangUp(place: PodContainer, mark: string): Promise<void> {
  await runInside(place, ['/bin/sh', '-c', script, variable, mark]);
}
