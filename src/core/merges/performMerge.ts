import type { MergeCandidate, MergeDriver, MergeOutcome, MergeRequest, NotMerged } from './mergeDriver.js';

/** A target that moves more often than this while one merge is computed is somebody else's turn. */
const attempts = 5;

export interface MergeSteps {
  /** Looks at the candidate before it lands; an outcome keeps it from landing. */
  readonly verify?: (candidate: MergeCandidate, signal: AbortSignal) => Promise<NotMerged | undefined>;
  /** Called each time a candidate is about to land. */
  readonly onLanding?: () => void;
}

/**
 * One request from beginning to end: what an earlier attempt left is finished or taken back, then a candidate is computed,
 * verified and landed. When the target moves meanwhile it begins anew: what was verified is always what lands.
 */
export async function performMerge(
  driver: MergeDriver,
  request: MergeRequest,
  signal: AbortSignal,
  steps: MergeSteps = {},
): Promise<MergeOutcome> {
  const resumed = await driver.resume(request, signal);
  if (resumed) return resumed;
  let finalMessage: string | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const computed = await driver.compute(finalMessage === undefined ? request : { ...request, finalMessage }, signal);
    if (computed.kind !== 'candidate') return computed;
    const { candidate } = computed;
    finalMessage = candidate.message;
    const refused = await steps.verify?.(candidate, signal);
    if (refused) return refused;
    signal.throwIfAborted();
    steps.onLanding?.();
    const landed = await driver.land(request, candidate, signal);
    if (landed.kind !== 'moved') return landed;
  }
  return {
    kind: 'blocked',
    reason: 'target_moved',
    message: `${request.target} moved ${attempts} times while the merge was made. Try again when it is quiet.`,
    files: [],
  };
}
