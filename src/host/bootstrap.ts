import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../base/defined.js';
import { isAppError } from '../base/errors.js';
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

/** A window that has lost its host needs longer than this to start one. */
const lookAgainMs = 20;

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
  /** Whether another host of this state directory is waited for until it has ended; `onWait` is told once, when it begins. */
  readonly takeOver?: { readonly longestMs: number; readonly onWait: () => void };
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
  const state = await openFreeState(options, resources);
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

/** Errors: those of {@link openState}. */
async function openFreeState(options: HostOptions, resources: DisposableStore): Promise<HostState> {
  const { takeOver } = options;
  const until = performance.now() + (takeOver?.longestMs ?? 0);
  for (let waits = false; ; waits = true) {
    try {
      return openState(options, resources);
    } catch (error) {
      if (!isAppError(error, 'host.locked') || performance.now() >= until) throw error;
      if (!waits) takeOver?.onWait();
      await sleep(lookAgainMs);
    }
  }
}

function factsOf({ directory, clock }: HostState, { mode, idleExitMs }: HostOptions): HostFacts {
  return {
    stateDir: directory.path,
    database: directory.database,
    socket: chooseSocketPath(directory.path),
    mode,
    stays: idleExitMs === undefined,
    startedAt: clock.now(),
  };
}

/** Runs or merges are at work, settling or waiting. */
function isBusy({ store }: HostState): boolean {
  return store.read(({ runs, merges }) =>
    [runs.load(), runs.settling(), merges.active()].some(work => work.length > 0),
  );
}
