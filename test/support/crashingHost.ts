/**
 * A host in miniature that can be killed at any moment: it supervises one run on the state directory it is given and keeps
 * what it heard in a journal, as the real one keeps it in the database. Bundled and run as a process of its own by
 * `hostCrash.test.ts`, with its options as JSON in the last argument.
 */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseId } from '../../src/base/ids.js';
import { silentLog } from '../../src/base/log.js';
import { DirectoryRunSupervisor } from '../../src/core/runs/directoryRunSupervisor.js';
import type { RunEnd, RunListener } from '../../src/core/runs/runSupervisor.js';
import type { RunDriver } from '../../src/core/sandboxes/sandboxDriver.js';
import { createProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { noSecrets } from './secretMasks.ts';

export interface CrashingHostOptions {
  readonly stateDir: string;
  readonly run: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly shell: string;
  /**
   * When this host kills itself: before it spawns the wrapper, at the moment that was spawned, when it has claimed the start of the
   * run to give it up, or so many milliseconds after its start.
   */
  readonly dies?: 'made' | 'spawned' | 'claimed' | number;
  /** A person cancels the run as soon as this host watches it. */
  readonly cancels?: boolean;
}

export type JournalEntry =
  | { readonly kind: 'queued' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'lines'; readonly texts: readonly string[]; readonly end: number }
  | { readonly kind: 'ended'; readonly end: RunEnd };

/** Where a run's journal is. */
export function journalPath(stateDir: string, run: string): string {
  return join(stateDir, `${run}.journal`);
}

/** The entries of a journal; empty before its first. */
export function readJournal(path: string): readonly JournalEntry[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const entries: JournalEntry[] = [];
  for (const line of text.split('\n')) if (line !== '') entries.push(JSON.parse(line) as JournalEntry);
  return entries;
}

async function main(options: CrashingHostOptions): Promise<void> {
  const { stateDir, argv, env, shell, dies } = options;
  const run = parseId<'run'>(options.run);
  const clock = createNodeClock();
  const sandbox = createProcessSandbox({
    maskOf: () => noSecrets,
    stateDir,
    clock,
    log: silentLog,
    wrapper: { kind: 'shell', shell },
  });
  const runs: RunDriver = {
    isAlive: id => sandbox.runs.isAlive(id),
    stop: (id, stopOptions) => sandbox.runs.stop(id, stopOptions),
    start: async (launch, signal) => {
      if (dies === 'made') await die();
      await sandbox.runs.start(launch, signal);
      if (dies === 'spawned') await die();
    },
  };
  const { directory } = sandbox;
  const claimStart = directory.claimStart.bind(directory);
  directory.claimStart = async id => {
    const claim = await claimStart(id);
    if (dies === 'claimed') await die();
    return claim;
  };
  const drivers = { ofRun: () => runs };
  const supervisor = new DirectoryRunSupervisor({ ...sandbox, drivers, clock, log: silentLog });
  const path = journalPath(stateDir, run);
  const write = (entry: JournalEntry): void => appendFileSync(path, `${JSON.stringify(entry)}\n`);
  const listener: RunListener = {
    onStarted: () => {},
    onLines: lines => write({ kind: 'lines', texts: lines.map(line => line.text), end: lines.at(-1)?.end ?? 0 }),
    onEnded: end => {
      write({ kind: 'ended', end });
      void supervisor.dispose().then(() => process.exit(0));
    },
  };
  const limits = { wallClockMs: 0, stallMs: 0, graceMs: 1_000 };
  if (typeof dies === 'number') setTimeout(() => void die(), dies);

  const journal = readJournal(path);
  if (journal.some(entry => entry.kind === 'ended')) process.exit(0);
  if (journal.length === 0) {
    mkdirSync(stateDir, { recursive: true });
    write({ kind: 'queued' });
    await sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
    supervisor.start({ run, argv, env, cwd: stateDir, stdin: 'none' }, limits, listener);
  } else {
    let outputOffset = 0;
    for (const entry of journal) if (entry.kind === 'lines') outputOffset = entry.end;
    const cancelled = journal.some(entry => entry.kind === 'cancelled');
    const adopted = { run, outputOffset, startedAt: clock.now(), seenStarted: false, cancelled };
    supervisor.adopt(adopted, limits, listener);
  }
  if (options.cancels !== true) return;
  write({ kind: 'cancelled' });
  await supervisor.cancel(run);
}

/** The signal may come a moment later, in which nothing more must happen. */
function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

const options = process.argv[2];
if (options !== undefined && process.argv[1]?.endsWith('crashingHost.mjs'))
  await main(JSON.parse(options) as CrashingHostOptions);
