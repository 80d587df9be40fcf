import type { LandedMerge, MergeCandidate, MergeDriver, MergeRequest, NotMerged } from './mergeDriver.js';

/** A request, and what it adds to the one before. */
export interface CoupledMerge {
  readonly request: MergeRequest;
  readonly candidate: MergeCandidate;
}

/** Several requests in order, and what all of them together come to. */
export interface CoupledMerges {
  readonly cars: readonly CoupledMerge[];
  /** From the target to the result of the last. */
  readonly candidate: MergeCandidate;
}

export interface TrainSteps {
  /** One request by itself, to its end. */
  readonly alone: (request: MergeRequest) => Promise<void>;
  /** Writes down what is about to be verified together; the answer names its landing. */
  readonly couple: (coupled: CoupledMerges) => MergeRequest;
  readonly verify: (coupled: CoupledMerges) => Promise<NotMerged | undefined>;
  /** Called when the target is about to move. */
  readonly onLanding: (coupled: CoupledMerges) => void;
  /** All of them are in the target. */
  readonly landed: (coupled: CoupledMerges, landing: MergeRequest) => void;
}

/**
 * Verifies several requests for one target together and lands them in one step, so that what was verified is what lands. When
 * they do not go through, each half is tried by itself, down to single ones, which then have their own answer. A request that
 * does not fit on top of the others is not ended here: its turn comes when they are over.
 */
export async function performTrain(
  driver: MergeDriver,
  requests: readonly MergeRequest[],
  signal: AbortSignal,
  steps: TrainSteps,
): Promise<void> {
  const [first, ...others] = requests;
  if (first === undefined) return;
  if (others.length === 0) return await steps.alone(first);
  const coupled = await coupleAll(driver, requests, signal);
  if (coupled === undefined) return await steps.alone(first);
  if ((await land(driver, coupled, signal, steps)).kind === 'merged') return;
  const cars = coupled.cars.map(({ request }) => request);
  const half = Math.ceil(cars.length / 2);
  await performTrain(driver, cars.slice(0, half), signal, steps);
  await performTrain(driver, cars.slice(half), signal, steps);
}

async function land(
  driver: MergeDriver,
  coupled: CoupledMerges,
  signal: AbortSignal,
  steps: TrainSteps,
): Promise<LandedMerge> {
  const landing = steps.couple(coupled);
  const refused = await steps.verify(coupled);
  if (refused) return refused;
  signal.throwIfAborted();
  steps.onLanding(coupled);
  const landed = await driver.land(landing, coupled.candidate, signal);
  if (landed.kind === 'merged') steps.landed(coupled, landing);
  return landed;
}

/** Each on top of the one before; undefined when that leaves fewer than two. */
async function coupleAll(
  driver: MergeDriver,
  requests: readonly MergeRequest[],
  signal: AbortSignal,
): Promise<CoupledMerges | undefined> {
  const cars: CoupledMerge[] = [];
  for (const request of requests) {
    const onto = cars.at(-1)?.candidate.to;
    const computed = await driver.compute(onto === undefined ? request : { ...request, onto }, signal);
    if (computed.kind !== 'candidate') continue;
    const { candidate } = computed;
    // The repository's hook has been at the message, which it sees once.
    cars.push({ request: { ...request, finalMessage: candidate.message }, candidate });
  }
  const [first, last] = [cars.at(0), cars.at(-1)];
  if (first === undefined || last === undefined || cars.length < 2) return undefined;
  return { cars, candidate: { ...last.candidate, from: first.candidate.from } };
}
