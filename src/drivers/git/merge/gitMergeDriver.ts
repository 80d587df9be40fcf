import type { LandingJournal } from '../../../core/merges/landing.js';
import type {
  ComputedMerge,
  LandedMerge,
  MergeCandidate,
  MergeDriver,
  MergeOutcome,
  MergeRequest,
} from '../../../core/merges/mergeDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';
import { createGitContext, type GitDriverOptions } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { computeMerge } from './computeMerge.js';
import { runLanding, settleLanding } from './landMerge.js';
import type { LandingWork, MergeContext } from './mergeContext.js';
import { blocked } from './mergeOutcomes.js';
import { checkoutsOf, openCheckout, whyUnreachable } from './targetCheckout.js';
import { whyBusy } from './targetInUse.js';

export interface GitMergeDriverOptions extends GitDriverOptions {
  readonly journal: LandingJournal;
  /** How long git may stand still before a person hears of it, in ms. Default: a minute. */
  readonly silenceMs?: number;
}

/** The merge port on real git. */
export function createGitMergeDriver(options: GitMergeDriverOptions): MergeDriver {
  const { journal, silenceMs } = options;
  const context: MergeContext = { ...createGitContext(options), journal, silenceMs };
  return {
    compute: (request, signal) => compute(context, request, signal),
    land: (request, candidate, signal) => land(context, { request, candidate }, signal),
    resume: (request, signal) => resume(context, request, signal),
  };
}

async function compute(context: MergeContext, request: MergeRequest, signal: AbortSignal): Promise<ComputedMerge> {
  await context.git.version();
  return await computeMerge(context, request, signal);
}

/** One landing at a time per repository. New worktrees do not wait for it: it may take long, and a branch moves in one step. */
async function land(
  context: MergeContext,
  { request, candidate }: { readonly request: MergeRequest; readonly candidate: MergeCandidate },
  signal: AbortSignal,
): Promise<LandedMerge> {
  const repository = await openRepository(context, request.worktree);
  return await landingLock(context, repository, signal, async () => {
    await settleEarlier(context, { request, repository }, signal);
    const { target } = request;
    const checkouts = await checkoutsOf(repository, target);
    const unreachable = await whyUnreachable(repository, target, checkouts);
    if (unreachable) return unreachable;
    const busy = await whyBusy(repository, target, checkouts);
    if (busy !== undefined) return blocked('target_busy', `${target} cannot move now: ${busy}.`);
    const [checkout] = checkouts;
    if (checkout !== undefined && checkout.head !== candidate.from) return { kind: 'moved' };
    signal.throwIfAborted();
    const work: LandingWork = {
      context,
      repository,
      checkout: checkout && (await openCheckout(context, repository, checkout.path)),
      onNotice: request.onNotice ?? (() => undefined),
      landing: {
        merge: request.id,
        step: 'computed',
        commonDir: repository.commonDir,
        target,
        from: candidate.from,
        to: candidate.to,
        ...(checkout === undefined ? {} : { checkout: checkout.path }),
        at: context.clock.now(),
      },
    };
    return await runLanding(work, signal);
  });
}

async function resume(
  context: MergeContext,
  request: MergeRequest,
  signal: AbortSignal,
): Promise<MergeOutcome | undefined> {
  if (context.journal.get(request.id) === undefined) return undefined;
  const repository = await openRepository(context, request.worktree);
  return await landingLock(context, repository, signal, async () => {
    const landing = context.journal.get(request.id);
    if (landing === undefined) return undefined;
    const settled = await settleLanding(await workOf(context, { request, repository, landing }), signal);
    return settled.kind === 'landed' ? settled.outcome : undefined;
  });
}

/** What another merge could not take back when it failed must not look like the user's edits to this one. */
async function settleEarlier(
  context: MergeContext,
  { request, repository }: { readonly request: MergeRequest; readonly repository: RepositoryGit },
  signal: AbortSignal,
): Promise<void> {
  for (const landing of context.journal.unfinished()) {
    if (landing.commonDir !== repository.commonDir) continue;
    await settleLanding(await workOf(context, { request, repository, landing }), signal);
  }
}

async function workOf(
  context: MergeContext,
  found: Pick<LandingWork, 'repository' | 'landing'> & { readonly request: MergeRequest },
): Promise<LandingWork> {
  const { repository, landing, request } = found;
  const { checkout } = landing;
  return {
    context,
    repository,
    landing,
    checkout: checkout === undefined ? undefined : await openCheckout(context, repository, checkout),
    onNotice: request.onNotice ?? (() => undefined),
  };
}

function landingLock<T>(
  { clock }: MergeContext,
  { commonDir }: RepositoryGit,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  return withRepositoryLock({ commonDir, clock, signal, purpose: 'landing' }, work);
}
