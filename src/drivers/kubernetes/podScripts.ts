import { guestPaths } from '../guests/guestPaths.js';

/** Where host and pod say things to each other; the agent can only read it. */
export const controlFolder = '/muster-control';

/** In {@link controlFolder}. */
export const controlFiles = {
  /** All of the run's files are there, and this host, and no other, began it. */
  go: 'go',
  /** The relay listens. */
  relay: 'relay',
  /** That the agent is asked to end; that it is ended. */
  term: 'term',
  kill: 'kill',
} as const;

/** In the run's own volume: shell that becomes the wrapper. Variables are in it, which a Job would show to all who may look at jobs. */
export const launchFile = 'launch';

/**
 * The agent's container. It waits until the host gives the word, for it cannot begin without the files that the host sends. What watches
 * for the end is in the background, because the agent has to be in the foreground (`node/shellWrapper.ts`); -1 leaves out itself and
 * the container's first process, with whose end the kernel ends all that the run started.
 *
 * Called as `sh -c <this> <run's mark>`.
 */
export const agentEntry = String.raw`
trap 'exit 0' TERM
until [ -e ${controlFolder}/${controlFiles.go} ]; do sleep 0.1; done
trap - TERM
(
  trap '' TERM HUP
  muster_asked=
  while :; do
    [ -e ${controlFolder}/${controlFiles.kill} ] && kill -KILL -1
    if [ -z "$muster_asked" ] && [ -e ${controlFolder}/${controlFiles.term} ]; then
      muster_asked=yes
      kill -TERM -1
    fi
    sleep 0.2
  done
) </dev/null >/dev/null 2>&1 &
. ${guestPaths.top}/${launchFile}
`;

/** What else is in the pod: it does nothing but be there, so that files come in and go out by way of it, also when the agent has ended. */
export const keeperEntry = "trap '' TERM; while :; do sleep 3600; done";

/** What the agent's container runs, as one file of shell: it starts the wrapper. */
export function launchScript(launch: {
  readonly mark: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly waitsForRelay: boolean;
  readonly wrapper: string;
  readonly wrapped: readonly string[];
}): string {
  const { mark, env, cwd, waitsForRelay, wrapper, wrapped } = launch;
  const relay = `${controlFolder}/${controlFiles.relay}`;
  return [
    `rm -f ${guestPaths.top}/${launchFile}`,
    ...(waitsForRelay
      ? [
          'muster_tries=0',
          `until [ -e ${relay} ] || [ "$muster_tries" -ge 600 ]; do muster_tries=$((muster_tries + 1)); sleep 0.05; done`,
          'unset muster_tries',
        ]
      : []),
    // Shells take no other names.
    ...Object.entries(env)
      .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
      .map(([name, value]) => `export ${name}=${quoted(value)}`),
    `cd ${quoted(cwd)} || exit 1`,
    // A group of its own, by which it is known; the first process of a container is nobody's wrapper.
    `setsid /bin/sh -c ${[wrapper, mark, ...wrapped].map(quoted).join(' ')}`,
    // A shell may become the last thing that it runs.
    'exit $?',
    '',
  ].join('\n');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Exit codes by which {@link lookAround} tells what is missing. */
export const lacks = { command: 10, tools: 11, relay: 12 } as const;

/** Whether the image has what a run needs. */
export function lookAround(needs: {
  readonly command: string;
  readonly path: string | undefined;
  readonly relay: boolean;
}): readonly string[] {
  const script = String.raw`
command -v tar >/dev/null 2>&1 && command -v setsid >/dev/null 2>&1 || exit ${lacks.tools}
[ -z "$3" ] || command -v node >/dev/null 2>&1 || exit ${lacks.relay}
[ -z "$2" ] || PATH=$2
command -v "$1" >/dev/null 2>&1 || exit ${lacks.command}
`;
  return ['/bin/sh', '-c', script, 'look', needs.command, needs.path ?? '', needs.relay ? 'relay' : ''];
}

/** Says something to the agent's container. */
export function sayCommand(file: (typeof controlFiles)[keyof typeof controlFiles]): readonly string[] {
  return ['/bin/sh', '-c', `: >${controlFolder}/${file}`];
}
