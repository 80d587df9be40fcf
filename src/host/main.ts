import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defined } from '../base/defined.js';
import { isBranchPrefix } from '../base/branchPrefix.js';
import { errorMessage, isAppError } from '../base/errors.js';
import { lockedExitStatus } from '../protocol/endpoint.js';
import { startHost, type Host, type HostOptions } from './bootstrap.js';
import { networkOptions } from './environment/networkOptions.js';
import { retentionSettings } from './environment/retentionSettings.js';
import { stateDirectoryPath } from './state/stateDirectory.js';

/** A command at a terminal ends at once; the next one should not have to start a host again. */
const defaultIdleExitMs = 60_000;

/** The one that is there answers what it has begun to answer, and gives everything back. */
const takeOverMs = 20_000;

/** `host.js [--foreground]`: the foreground host stays until it is told to end. */
async function main(): Promise<void> {
  const foreground = process.argv.includes('--foreground');
  // Agents and git must never wait for a terminal that nobody looks at.
  process.on('SIGPIPE', () => undefined);
  const host = await startHost({
    stateDir: stateDirectoryPath(process.env),
    mode: 'process',
    distDir: dirname(fileURLToPath(import.meta.url)),
    retention: retentionSettings(process.env),
    echoLog: foreground,
    ...maxRuns(),
    ...branchPrefix(),
    ...warmWorktrees(),
    // A name that other programs know too: only whoever starts a daemon means it for this one.
    ...(foreground
      ? defined({ network: networkOptions(process.env), takeOver: takeOver() })
      : { idleExitMs: idleExitMs() }),
  });
  // Whoever started it has nothing more to say; an open channel would keep this process from ending.
  if (process.connected) process.disconnect();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(host, signal));
  await host.ended;
}

/** `MUSTER_TAKE_OVER`: who started this one ends the host that is there as soon as it hears that it is waited for. */
function takeOver(): HostOptions['takeOver'] {
  if (process.env['MUSTER_TAKE_OVER'] !== '1' || !process.send) return undefined;
  return { longestMs: takeOverMs, onWait: () => process.send?.('waiting') };
}

let askedAt: number | undefined;

/** Whoever asks twice will not wait: nothing is lost by it that a crash would not lose. A terminal sends a key's signal more than once. */
function end(host: Host, signal: string): void {
  askedAt ??= performance.now();
  if (performance.now() - askedAt > 1_000) process.exit(1);
  host.shutdown(signal);
}

/** `MUSTER_IDLE_EXIT_MS` overrides the default. */
function idleExitMs(): number {
  const configured = Number(process.env['MUSTER_IDLE_EXIT_MS']);
  return Number.isFinite(configured) && configured > 0 ? configured : defaultIdleExitMs;
}

/** `MUSTER_MAX_RUNS`: how many runs may be at work at the same time. */
function maxRuns(): { readonly maxRuns?: number } {
  const configured = Number(process.env['MUSTER_MAX_RUNS']);
  return Number.isInteger(configured) && configured > 0 ? { maxRuns: configured } : {};
}

/** `MUSTER_WARM_WORKTREES`: how many worktrees are kept ready for each large repository. */
function warmWorktrees(): { readonly warmWorktrees?: number } {
  const configured = process.env['MUSTER_WARM_WORKTREES'] ?? '';
  return /^\d{1,2}$/.test(configured) ? { warmWorktrees: Number(configured) } : {};
}

/** `MUSTER_BRANCH_PREFIX`: how branches of agents begin. One that git would refuse is left out, and said. */
function branchPrefix(): { readonly branchPrefix?: string } {
  const configured = process.env['MUSTER_BRANCH_PREFIX'] ?? '';
  if (configured === '') return {};
  if (isBranchPrefix(configured)) return { branchPrefix: configured };
  process.stderr.write(`MUSTER_BRANCH_PREFIX ${JSON.stringify(configured)} is not the beginning of a branch name.\n`);
  return {};
}

/** Embedded mode imports this bundle and calls `startHost` itself; only `node host.js` is a process of its own. */
function isProgram(): boolean {
  try {
    const program = process.argv[1];
    return program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url);
  } catch {
    // An extension host names a module there that is no file.
    return false;
  }
}

if (isProgram()) {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${errorMessage(error)}\n`);
      process.exit(isAppError(error, 'host.locked') ? lockedExitStatus : 1);
    },
  );
}

export { startHost };
