import { defined } from '../base/defined.js';
import { DisposableStore } from '../base/lifecycle.js';
import { productVersion } from '../protocol/productVersion.js';
import type { RetentionSettings } from '../core/retention/garbage.js';
import type { HostFacts } from './api/hostApi.js';
import { buildCore } from './buildCore.js';
import { trimFeed } from './feed/trimFeed.js';
import { HostEnd } from './hostEnd.js';
import { ClientPresence, exitWhenIdle } from './idleExit.js';
import { survivesStrayErrors } from './log/strayErrors.js';
import { openState, type HostState } from './openState.js';
import { recover, takeUp } from './recover.js';
import { retentionRounds } from './retentionRounds.js';
import { serve } from './serve.js';
import { keepHeapSmall } from './smallHeap.js';
import type { NetworkOptions } from './server/networkOptions.js';
import { chooseSocketPath } from './server/socketPath.js';

export interface HostOptions {
  readonly stateDir: string;
  readonly mode: HostFacts['mode'];
  /** Folder of the bundles: what `{{dist}}` in a command stands for. */
  readonly distDir: string;
  /** Ends the host when nothing has needed it for this long, in ms; missing: never. */
  readonly idleExitMs?: number;
  /** Runs at the same time on this machine; missing: as many as it is good for. */
  readonly maxRuns?: number;
  /** How branches of agents begin where the compose file does not say. */
  readonly branchPrefix?: string;
  /** How many worktrees are kept ready for each large repository. */
  readonly warmWorktrees?: number;
  /** For how long things are kept; missing ones have their defaults. */
  readonly retention?: RetentionSettings;
  /** Listens for other machines too. */
  readonly network?: NetworkOptions;
  /** Also write the log to standard error. */
  readonly echoLog?: boolean;
}

export interface Host {
  readonly facts: HostFacts;
  /** Begins to end: agents keep running, the next host adopts them. */
  shutdown(reason: string): void;
  /** Resolves when everything is given back. */
  readonly ended: Promise<void>;
}

/**
 * Builds the host in order and gives everything back in reverse. Errors: `host.locked` when another host has this state
 * directory, `state.*`.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const resources = new DisposableStore();
  try {
    return await start(options, resources);
  } catch (error) {
    // What went wrong first is what the person must hear of.
    await resources.dispose().catch(() => undefined);
    throw error;
  }
}

async function start(options: HostOptions, resources: DisposableStore): Promise<Host> {
  if (options.mode === 'process') keepHeapSmall();
  const state = openState(options, resources);
  if (options.mode === 'process') resources.add(survivesStrayErrors(state.log));
  const core = buildCore(state, options, resources);
  const { clock, log, store, runs } = core;
  const end = new HostEnd({ resources, log });
  end.ending.addEventListener('abort', () => runs.stop());
  const presence = new ClientPresence(() => clock.awake());
  const facts = factsOf(state, options);
  const adopted = await takeUp(core);
  await serve(core, { facts, presence, end, ...defined({ network: options.network }) }, resources);
  recover(core, end, resources);
  resources.add(trimFeed(store, log));
  resources.add(retentionRounds(core.retention, log));
  if (options.idleExitMs !== undefined) {
    const exit = (): void => end.begin('nothing needs it');
    resources.add(
      exitWhenIdle({
        presence,
        afterMs: options.idleExitMs,
        isBusy: () => isBusy(state) || core.scheduler.isNeeded,
        exit,
      }),
    );
  }
  const { socket, mode } = facts;
  log.info('Serving', { version: productVersion, pid: process.pid, socket, adopted, mode });
  return { facts, shutdown: reason => end.begin(reason), ended: end.ended };
}

function factsOf({ directory, clock }: HostState, { mode }: HostOptions): HostFacts {
  return {
    stateDir: directory.path,
    database: directory.database,
    socket: chooseSocketPath(directory.path),
    mode,
    startedAt: clock.now(),
  };
}

/** Runs or merges are at work, settling or waiting. */
function isBusy({ store }: HostState): boolean {
  return store.read(({ runs, merges }) =>
    [runs.load(), runs.settling(), merges.active()].some(work => work.length > 0),
  );
}
