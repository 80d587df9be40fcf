import { errorMessage } from '../base/errors.js';
import type { DisposableStore } from '../base/lifecycle.js';
import type { Log } from '../base/log.js';
import type { RecordedEvent } from '../core/events/domainEvent.js';
import { patiently, type HostCore } from './buildCore.js';
import type { HostEnd } from './hostEnd.js';

/**
 * Takes up the runs that an earlier host left, before anyone can ask: a client that connects sees runs that are already being
 * watched. The secrets of every project are known before the first line is read. Returns how many runs there were.
 */
export async function takeUp({ store, secrets, runs, resumeModels }: HostCore): Promise<number> {
  const projects = store.read(stores => stores.projects.list());
  await Promise.all(projects.map(project => secrets.announce(project.spec, project.file)));
  // Agents that are at work call their models all the time; they wait only so long for a host.
  await resumeModels();
  return await runs.takeUp();
}

/** Begins what goes on while the host serves; each step may be asked for again, and a person waits for none of it. */
export function recover(core: HostCore, end: HostEnd, resources: DisposableStore): void {
  const { store, clock, log, shell, problems, runs, scheduler, internalTopics, scripts } = core;
  const recovery = inBackground({ unless: end.closing, log }, () => recoverWork(core));
  resources.add({ dispose: () => patiently(recovery, clock) });
  // Resolved before the first run needs it. Whoever connected meanwhile hears which agents' CLIs are not there.
  void inBackground({ unless: end.ending, log }, async () => {
    await shell.environment();
    if (!end.ending.aborted) problems.tellChanges(store, clock.now());
  });
  resources.add(store.onDidCommit(events => wakeQueue(core, events)));
  runs.queued();
  scripts.recover();
  internalTopics.catchUp();
  scheduler.start();
}

/** A thread that was completed may be what a queued run waits for. */
function wakeQueue({ store, runs }: HostCore, events: readonly RecordedEvent[]): void {
  if (!events.some(({ event }) => event.kind === 'thread_changed' || event.kind === 'merge_changed')) return;
  if (store.read(stores => stores.batches.waits())) runs.queued();
}

/**
 * Finishes what an earlier host was killed in: first worktrees that were being made, removed or brought back, then snapshots
 * of ended runs, merges, and threads that were being abandoned.
 */
async function recoverWork({
  store,
  log,
  rescueDriver,
  rescues,
  runs,
  merges,
  threads,
  moves,
  verifier,
  notebooks,
  warm,
  resumer,
  autoMerger,
  pusher,
  landedWorktrees,
  targets,
}: HostCore): Promise<void> {
  await notebooks.takeUp();
  await verifier.sweep();
  for (const repository of store.read(stores => stores.threads.repositories())) {
    try {
      await rescueDriver.sweep(repository);
    } catch (error) {
      // The repository may be gone or on a disk that is not there; its threads say so when somebody opens them.
      log.warn('A repository could not be looked after', { repository, reason: errorMessage(error) });
    }
  }
  await rescues.recover();
  warm.recover();
  await moves.rememberAll();
  runs.takeUpSettling();
  merges.recover();
  resumer.resume();
  autoMerger.resume();
  pusher.resume();
  landedWorktrees.resume();
  targets.begin();
  await threads.recover();
}

/** Begins work, unless the host is ending already. The result never rejects. */
async function inBackground(
  { unless, log }: { readonly unless: AbortSignal; readonly log: Log },
  work: () => Promise<void>,
): Promise<void> {
  if (unless.aborted) return;
  try {
    await work();
  } catch (error) {
    log.error('Work in the background failed', { reason: errorMessage(error) });
  }
}
