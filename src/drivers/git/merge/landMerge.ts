import { rm } from 'node:fs/promises';
import { isAppError } from '../../../base/errors.js';
import { landingSteps, type Landing, type LandingStep } from '../../../core/merges/landing.js';
import type { LandedMerge, MergeOutcome } from '../../../core/merges/mergeDriver.js';
import { lookForCheckouts } from './appearedCheckouts.js';
import { changedPaths } from './changedPaths.js';
import { fastForward, whyRefused } from './fastForward.js';
import { keepOriginals, originalsFolder } from './keptOriginals.js';
import { describeLock, endOwnGit } from './leftLocks.js';
import type { LandingWork } from './mergeContext.js';
import { blocked, named } from './mergeOutcomes.js';
import { moveBack } from './moveBack.js';
import { patiently } from './patience.js';
import { putCheckoutBack } from './putCheckoutBack.js';

/** A step of a landing: how it is done, and how it is taken back however far it came. Both can be begun again. */
interface Step {
  readonly run: (work: LandingWork, signal: AbortSignal) => Promise<LandedMerge | undefined>;
  /** Paths that it had to leave as they are. */
  readonly undo: (work: LandingWork) => Promise<readonly string[]>;
}

const nothing = async (): Promise<readonly string[]> => [];

/** By the step that is written down before it begins (see `core/merges/landing.ts`). */
const steps: Record<LandingStep, Step> = {
  computed: { run: async () => undefined, undo: nothing },
  checkout: { run: moveCheckout, undo: takeBackCheckout },
  // A branch that has moved is not moved back: somebody may have built on it.
  moved: { run: moveBranch, undo: nothing },
  done: { run: finish, undo: nothing },
};

/** Goes from the step that is written down to the end, or back to where it began. */
export async function runLanding(begun: LandingWork, signal: AbortSignal): Promise<LandedMerge> {
  let work = begun;
  try {
    for (const step of landingSteps.slice(landingSteps.indexOf(begun.landing.step))) {
      if (step === 'checkout' && work.checkout === undefined) continue;
      work = writeDown(work, { step });
      const result = await steps[step].run(work, signal);
      if (result !== undefined) return await conclude(work, signal, result);
    }
    return { kind: 'merged', commit: work.landing.to };
  } catch (error) {
    return await conclude(work, signal, await whyRefused(work, error), error);
  } finally {
    work.onNotice('');
  }
}

/**
 * Looks at what is there, whatever ended git or the host, and ends the landing: forward if the branch has moved, otherwise
 * back. `found` is what stands in its way, `error` what is broken.
 */
async function conclude(
  work: LandingWork,
  signal: AbortSignal,
  found: LandedMerge | undefined,
  error?: unknown,
): Promise<LandedMerge> {
  const settled = await settleLanding(work, signal);
  if (settled.kind === 'landed') {
    if (found?.kind === 'merged') return found;
    return noted(settled.outcome, error ?? found);
  }
  if (settled.left.length > 0) {
    const message = `The merge was taken back, but these files of ${work.checkout?.workTree ?? work.landing.target} were changed meanwhile and stay as they are: ${named(settled.left)}. Look at them, then merge again.`;
    return blocked('target_has_edits', message, settled.left);
  }
  if (found === undefined || found.kind === 'merged') throw error;
  if (found.kind !== 'blocked' || !isAppError(error, 'git.failed')) return found;
  return { ...found, message: `${found.message}${await describeLock(error.data.stderr, work.context.clock.now())}` };
}

export type Settled =
  | { readonly kind: 'landed'; readonly outcome: MergeOutcome }
  /** Everything is as it was before, but for these paths of the checkout. */
  | { readonly kind: 'undone'; readonly left: readonly string[] };

/** What recovery and the live path do alike with a landing that was cut off at any point. */
export async function settleLanding(work: LandingWork, signal: AbortSignal): Promise<Settled> {
  await endOwnGit(work, signal);
  const { landing } = work;
  if (await hasLanded(work)) {
    const moved = writeDown(work, { step: 'moved' });
    const result = await lookForCheckouts(moved);
    if (result?.kind !== 'moved') {
      await steps.done.run(writeDown(moved, { step: 'done' }), signal);
      return { kind: 'landed', outcome: result?.kind === 'merged' ? result : { kind: 'merged', commit: landing.to } };
    }
  }
  const left: string[] = [];
  for (const step of landingSteps.slice(0, landingSteps.indexOf(landing.step) + 1).toReversed()) {
    left.push(...(await steps[step].undo(work)));
  }
  await dropOriginals(work);
  work.context.journal.remove(landing.merge);
  return { kind: 'undone', left };
}

async function moveCheckout(work: LandingWork, signal: AbortSignal): Promise<LandedMerge | undefined> {
  const { checkout, landing } = work;
  if (checkout === undefined) return undefined;
  const changes = await changedPaths(checkout, landing.from, landing.to);
  await keepOriginals(checkout, originalsFolder(checkout, landing), changes, signal);
  if (landing.back === true) return await moveBack(work, { checkout, changes }, signal);
  await fastForward(work, checkout, signal);
  return undefined;
}

async function takeBackCheckout({ checkout, landing }: LandingWork): Promise<readonly string[]> {
  if (checkout === undefined) return [];
  return await putCheckoutBack(checkout, { ...landing, originals: originalsFolder(checkout, landing) });
}

/** Where nothing is checked out, the branch moves alone: in one step, or not at all. */
async function moveBranch(work: LandingWork, signal: AbortSignal): Promise<LandedMerge | undefined> {
  const { landing, repository, checkout } = work;
  if (checkout === undefined) {
    const { target, from, to, merge } = landing;
    const args = ['update-ref', '-m', `muster: merge ${merge}`, `refs/heads/${target}`, to, from];
    await repository.run({ args, hooks: true, signal, ...patiently(work) });
  }
  return await lookForCheckouts(work);
}

async function finish(work: LandingWork): Promise<undefined> {
  await dropOriginals(work);
}

async function dropOriginals({ checkout, landing }: LandingWork): Promise<void> {
  if (checkout !== undefined) await rm(originalsFolder(checkout, landing), { recursive: true, force: true });
}

/** True if the target has the commit; for one that goes back: if it does not have the merge any more. */
async function hasLanded({ repository, landing }: LandingWork): Promise<boolean> {
  const { back, from, to, target } = landing;
  const args = ['merge-base', '--is-ancestor', back === true ? from : to, `refs/heads/${target}`];
  const { exitCode } = await repository.run({ args, reads: true, accept: [0, 1, 128] });
  return exitCode === (back === true ? 1 : 0);
}

function writeDown(work: LandingWork, change: Partial<Landing>): LandingWork {
  const landing = { ...work.landing, ...change };
  work.context.journal.save(landing);
  return { ...work, landing };
}

/** A hook that failed or hung after the branch moved changes nothing about that. */
function noted(outcome: MergeOutcome, problem: unknown): MergeOutcome {
  if (outcome.kind !== 'merged' || !isAppError(problem, 'git.failed')) return outcome;
  return { note: `A hook failed after the merge: ${problem.data.stderr}`, ...outcome };
}
