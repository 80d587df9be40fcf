import type { MergeDriver } from '../../../src/core/merges/mergeDriver.js';
import { finishRun, type CoreHost, type CoreWorld } from '../../support/coreHost.ts';

/** A thread whose agent has written `text` and ended. */
export async function readyThread(world: CoreWorld, host: CoreHost, text = 'two\n') {
  const task = await host.dispatch();
  await finishRun(world, task, text);
  return task.thread;
}

/** The world's merge driver, with other methods. */
export function driverWith({ merging }: CoreWorld, methods: Partial<MergeDriver>): MergeDriver {
  return {
    compute: (request, signal) => merging.compute(request, signal),
    land: (request, candidate, signal) => merging.land(request, candidate, signal),
    resume: request => merging.resume(request),
    undo: request => merging.undo(request),
    update: request => merging.update(request),
    settle: () => merging.settle(),
    targets: () => merging.targets(),
    ...methods,
  };
}
