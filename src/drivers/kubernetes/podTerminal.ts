import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { errorMessage } from '../../base/errors.js';
import { attachProgram } from './attachedProgram.js';
import { hangUp, marked } from './hangUp.js';
import { findConfig } from './clusterSources.js';

/** As shells say it of a program that could not be started. */
const notStarted = 126;
/** Of one of which nobody knows how it ended. */
const lost = 1;
const longestHangUpMs = 5_000;

/**
 * `podTerminal.js --namespace … [--context …] [--kubeconfig …] [--tty] --container … POD -- WORDS…`: runs a command in a pod as `kubectl exec`
 * does, for whoever has no kubectl. The person's own credentials are used; it knows nothing of a host.
 */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      context: { type: 'string' },
      namespace: { type: 'string', default: 'default' },
      kubeconfig: { type: 'string' },
      container: { type: 'string', default: '' },
      tty: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const [pod = '', ...command] = positionals;
  const { context, namespace, kubeconfig, container, tty } = values;
  const own = Object.entries({ ...process.env, KUBECONFIG: kubeconfig ?? process.env['KUBECONFIG'] });
  const environment = Object.fromEntries(own.map(([name, value = '']): [string, string] => [name, value]));
  const config = findConfig({ context, environment });
  const place = { cluster: { config, namespace }, pod, container };
  const leaving = new AbortController();
  for (const each of ['SIGHUP', 'SIGTERM'] as const) process.once(each, () => leaving.abort(new Error(each)));
  const { stdin, stdout, stderr } = process;
  const mark = randomUUID();
  const begun = { command: marked(mark, command), terminal: tty };
  const { code, words } = await attachProgram(place, begun, { stdin, stdout, stderr, setRaw }, leaving.signal);
  if (code === undefined) {
    // A pod that is gone has nothing of it any more, and nobody waits here for one that does not answer.
    setTimeout(() => process.exit(lost), longestHangUpMs);
    await hangUp(place, mark).catch(() => undefined);
  }
  if (words !== '') stderr.write(`${words}\n`);
  if (code === undefined) return lost;
  return code < 0 ? notStarted : code;
}

/** Keys of the terminal come one by one and as they are, and what is shown is as it was sent; or as before. */
function setRaw(raw: boolean): void {
  if (!process.stdin.isTTY) return;
  process.stdin.setRawMode(raw);
  // Node's raw mode still puts a carriage return before each line feed, which full-screen programs do not expect. It goes with the mode.
  if (raw && process.platform !== 'win32') spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

main().then(
  // Its input may be open for ever.
  code => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${errorMessage(error)}\n`);
    process.exit(notStarted);
  },
);
