import type { MergeId } from '../../../base/ids.js';
import type { Landing, LandingJournal } from '../../../core/merges/landing.js';
import type {
  ComputedMerge,
  LandedMerge,
  MergeCandidate,
  MergeDriver,
  MergeOutcome,
  MergeRequest,
  UndoRequest,
  UpdateRequest,
} from '../../../core/merges/mergeDriver.js';
import type { WorktreeRef } from '../../../core/workspaces/worktreeDriver.js';
import { RepositoryGit } from '../command/boundGit.js';
import { createGitContext, type GitDriverOptions } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { computeMerge, readTarget } from './computeMerge.js';
import { computeUpdate } from './computeUpdate.js';
import { runLanding, settleLanding } from './landMerge.js';
import type { LandingWork, MergeContext } from './mergeContext.js';
import { blocked } from './mergeOutcomes.js';
import { checkoutsOf, openCheckout, whyUnreachable } from './targetCheckout.js';
import { whyBusy } from './targetInUse.js';
import { computeUndo } from './undoMerge.js';

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
    undo: (request, signal) => undo(context, request, signal),
    update: (request, signal) => update(context, request, signal),
    targets: (place, signal) => targets(context, place, signal),
    settle: (landing, signal) => settle(context, landing, signal),
  };
}

async function targets(
  context: MergeContext,
  place: Pick<WorktreeRef, 'repository' | 'commonDir'>,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const repository = await openRepository(context, place);
  const args = ['for-each-ref', '--sort=-committerdate', '--format=%(refname)', 'refs/heads/'];
  const output = await repository.run({ args, signal, reads: true });
  return output
    .text()
    .split('\n')
    .map(name => name.replace('refs/heads/', ''))
    .filter(name => name !== '');
}

async function compute(context: MergeContext, request: MergeRequest, signal: AbortSignal): Promise<ComputedMerge> {
  await context.git.version();
  return await computeMerge(context, request, signal);
}

async function land(
  context: MergeContext,
  { request, candidate }: { readonly request: MergeRequest; readonly candidate: MergeCandidate },
  signal: AbortSignal,
): Promise<LandedMerge> {
  const { id, target, onNotice = ignore } = request;
  const repository = await openRepository(context, request.worktree);
  return await moveTarget(context, { repository, id, target, candidate, onNotice }, signal);
}

async function undo(context: MergeContext, request: UndoRequest, signal: AbortSignal): Promise<LandedMerge> {
  const { id, target: name, onNotice = ignore } = request;
  const repository = await openRepository(context, request);
  const target = await readTarget(repository, name, signal);
  if (target === undefined) return blocked('target_missing', `There is no branch ${JSON.stringify(name)} any more.`);
  // A host that was killed right after it took the merge back.
  if (target.commit === request.from) return { kind: 'merged', commit: request.from };
  const computed = await computeUndo(
    { context, repository, request: { target: name, onNotice }, target, signal },
    request,
  );
  if (computed.kind !== 'candidate') return computed;
  const { candidate } = computed;
  const back = candidate.to === request.from;
  return await moveTarget(context, { repository, id, target: name, candidate, onNotice, back }, signal);
}

/** A thread's branch is a target like any other, and its worktree the checkout that moves along. */
async function update(context: MergeContext, request: UpdateRequest, signal: AbortSignal): Promise<LandedMerge> {
  const { id, worktree } = request;
  const repository = await openRepository(context, worktree);
  const target = await readTarget(repository, request.target, signal);
  if (target === undefined) return blocked('target_missing', `There is no branch ${JSON.stringify(request.target)}.`);
  const computed = await computeUpdate({ context, repository, request, target, signal }, request);
  if (computed.kind !== 'candidate') return computed;
  const { candidate } = computed;
  return await moveTarget(context, { repository, id, target: worktree.branch, candidate, onNotice: ignore }, signal);
}

/** One landing at a time per repository. New worktrees do not wait for it: it may take long, and a branch moves in one step. */
async function moveTarget(
  context: MergeContext,
  move: {
    readonly repository: RepositoryGit;
    readonly id: MergeId;
    readonly target: string;
    readonly candidate: MergeCandidate;
    readonly onNotice: (text: string) => void;
    readonly back?: boolean;
  },
  signal: AbortSignal,
): Promise<LandedMerge> {
  const { repository, id, target, candidate, onNotice, back } = move;
  return await landingLock(context, repository, signal, async () => {
    await settleEarlier(context, { repository, onNotice }, signal);
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
      onNotice,
      landing: {
        merge: id,
        step: 'computed',
        commonDir: repository.commonDir,
        target,
        from: candidate.from,
        to: candidate.to,
        ...(back === true ? { back } : {}),
        ...(checkout === undefined ? {} : { checkout: checkout.path }),
        at: context.clock.now(),
      },
    };
    return await runLanding(work, signal);
  });
}

function ignore(): void {
  // Nobody wants to hear of it.
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
    const onNotice = request.onNotice ?? ignore;
    const settled = await settleLanding(await workOf(context, { repository, landing, onNotice }), signal);
    return settled.kind === 'landed' ? settled.outcome : undefined;
  });
}

async function settle(context: MergeContext, { merge, commonDir }: Landing, signal: AbortSignal): Promise<void> {
  const repository = new RepositoryGit(context.git, { commonDir, root: commonDir });
  await landingLock(context, repository, signal, async () => {
    const landing = context.journal.get(merge);
    if (landing === undefined || landing.step === 'done') return;
    await settleLanding(await workOf(context, { repository, landing, onNotice: ignore }), signal);
  });
}

/** What another merge could not take back when it failed must not look like the user's edits to this one. */
async function settleEarlier(
  context: MergeContext,
  found: Pick<LandingWork, 'repository' | 'onNotice'>,
  signal: AbortSignal,
): Promise<void> {
  for (const landing of context.journal.unfinished()) {
    if (landing.commonDir !== found.repository.commonDir) continue;
    await settleLanding(await workOf(context, { ...found, landing }), signal);
  }
}

async function workOf(
  context: MergeContext,
  found: Pick<LandingWork, 'repository' | 'landing' | 'onNotice'>,
): Promise<LandingWork> {
  const { checkout } = found.landing;
  return {
    ...found,
    context,
    checkout: checkout === undefined ? undefined : await openCheckout(context, found.repository, checkout),
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
