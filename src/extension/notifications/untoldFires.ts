import type { Fire } from '../../protocol/gen/muster/v1/schedules_pb.js';

const broken: ReadonlySet<string> = new Set(['failed', 'timed_out']);

/** Fires that failed and have no thread that tells so, and that are not among those whose keys are known. Newest first. */
export function untold(
  fires: readonly Fire[],
  known: ReadonlySet<string>,
): readonly { readonly key: string; readonly fire: Fire }[] {
  return fires.flatMap(fire => {
    const isTrouble = fire.outcome === 'failed' || (fire.scriptRunId !== '' && broken.has(fire.runStatus));
    // One that is tried again and fails once more is told again.
    const key = `${fire.sequence} ${fire.at} ${fire.outcome}`;
    return isTrouble && !known.has(key) ? [{ key, fire }] : [];
  });
}
