import { errorMessage } from '../../base/errors.js';
import type { MergeId } from '../../base/ids.js';
import type { LandedMerge, MergeDriver, MergeOutcome, MergeRequest, NotMerged } from './mergeDriver.js';
import type { MergeSet, MergeSetMember } from './mergeSet.js';

/** Targets that move more often than this while one set is computed are somebody else's turn. */
const attempts = 5;

/** What a repository would be, to look at before anything lands. */
export interface MemberTree {
  readonly member: MergeSetMember;
  readonly request: MergeRequest;
  readonly commit: string;
}

export interface SetSteps {
  /** Looks at the trees of all repositories together; an outcome keeps them from landing. */
  readonly verify: (trees: readonly MemberTree[]) => Promise<Refusal | undefined>;
  /** Writes the set down. `back`: a merge that has gone back, whose landing is no more. */
  readonly save: (set: MergeSet, back?: MergeId) => void;
  /** Ends when the host does, and not when a person has cancelled: what has landed goes back all the same. */
  readonly leaving: AbortSignal;
}

/** Why a set does not land, and in which repository. */
export interface Refusal {
  readonly by: MergeId;
  readonly outcome: NotMerged;
}

type Merged = Extract<MergeOutcome, { readonly kind: 'merged' }>;

export type SetOutcome =
  /** All of them are in their targets, or have nothing to land. */
  | { readonly kind: 'merged'; readonly merged: ReadonlyMap<MergeId, Merged> }
  | ({ readonly kind: 'refused' } & Refusal)
  /** Somebody built on one that has landed before another could not, so that it stays. */
  | { readonly kind: 'partly'; readonly merged: ReadonlyMap<MergeId, Merged>; readonly message: string };

/** What became of one of them while the others wait. `broken`: git, or the machine. */
type Stopped =
  Exclude<LandedMerge, Merged> | { readonly kind: 'broken'; readonly error: unknown; readonly mayHaveLanded: boolean };

/**
 * Lands the merges of one thread's repositories together or not at all: each is computed, all of them are verified together and
 * written down, then one target after the other moves, each by compare-and-swap. When one does not, those that have moved go
 * back to the commits from before, where nothing came on top. Nobody can move several repositories at once: between the first
 * and the last of them somebody may see the one without the other, and may build on it; then that one stays, and it is told.
 */
export async function performSet(
  driver: MergeDriver,
  begun: { readonly set: MergeSet; readonly requests: ReadonlyMap<MergeId, MergeRequest> },
  signal: AbortSignal,
  steps: SetSteps,
): Promise<SetOutcome> {
  const landing = new SetLanding(driver, begun, steps);
  const earlier = await landing.resume(signal);
  if (earlier !== undefined) return earlier;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const outcome = await landing.attempt(signal);
    if (outcome !== undefined) return outcome;
  }
  const message = `Targets moved ${attempts} times while the merge was made. Try again when it is quiet.`;
  return {
    kind: 'refused',
    by: begun.set.id,
    outcome: { kind: 'blocked', reason: 'target_moved', message, files: [] },
  };
}

class SetLanding {
  readonly #driver: MergeDriver;
  readonly #requests: ReadonlyMap<MergeId, MergeRequest>;
  readonly #steps: SetSteps;
  #set: MergeSet;

  constructor(
    driver: MergeDriver,
    { set, requests }: { readonly set: MergeSet; readonly requests: ReadonlyMap<MergeId, MergeRequest> },
    steps: SetSteps,
  ) {
    this.#driver = driver;
    this.#set = set;
    this.#requests = requests;
    this.#steps = steps;
  }

  /** Goes on with what an earlier host was cut off in; undefined: nothing has landed, and nothing is half done any more. */
  async resume(signal: AbortSignal): Promise<SetOutcome | undefined> {
    if (this.#set.step === 'landing') return await this.#land(signal);
    // Why they go back is forgotten; whoever tries again finds out.
    if (this.#set.step === 'back') return await this.#goBack({ kind: 'moved' }, this.#set.id);
    return undefined;
  }

  /** Undefined: a target moved meanwhile; try again. */
  async attempt(signal: AbortSignal): Promise<SetOutcome | undefined> {
    const trees: MemberTree[] = [];
    const landing = new Map<MergeId, Pick<MergeSetMember, 'from' | 'to'>>();
    let nothing: Refusal | undefined;
    for (const member of this.#set.members) {
      const request = this.#requestOf(member);
      const computed = await this.#driver.compute(request, signal);
      if (computed.kind === 'candidate') {
        const { from, to } = computed.candidate;
        landing.set(member.merge, { from, to });
        trees.push({ member, request, commit: to });
      } else if (hasNothing(computed)) {
        nothing ??= { by: member.merge, outcome: computed };
        if (computed.target !== undefined) trees.push({ member, request, commit: computed.target });
      } else return { kind: 'refused', by: member.merge, outcome: computed };
    }
    if (landing.size === 0 && nothing !== undefined) return { kind: 'refused', ...nothing };
    const red = await this.#steps.verify(trees);
    if (red !== undefined) return { kind: 'refused', ...red };
    signal.throwIfAborted();
    this.#save('landing', ({ merge, name, verify, undo }) => ({
      ...{ merge, name, verify, undo, landed: false },
      ...landing.get(merge),
    }));
    return await this.#land(signal);
  }

  async #land(signal: AbortSignal): Promise<SetOutcome | undefined> {
    const merged = new Map<MergeId, Merged>();
    for (const member of this.#landing()) {
      const landed = await this.#landOne(member, signal);
      if (landed.kind !== 'merged') {
        const unknown = landed.kind === 'broken' && landed.mayHaveLanded ? member.merge : undefined;
        this.#save('back', each => ({ ...each, landed: merged.has(each.merge) || each.merge === unknown }));
        return await this.#goBack(landed, member.merge);
      }
      merged.set(member.merge, landed);
    }
    for (const { merge, to } of this.#set.members) {
      const request = this.#requests.get(merge);
      // The target has it, or more.
      if (to === undefined && request) merged.set(merge, { kind: 'merged', commit: request.commit });
    }
    return { kind: 'merged', merged };
  }

  /** An earlier attempt, or one that broke, may have landed it: that is looked at, and not remembered. */
  async #landOne(member: MergeSetMember, signal: AbortSignal): Promise<Merged | Stopped> {
    const { leaving } = this.#steps;
    const request = this.#requestOf(member);
    try {
      const earlier = await this.#driver.resume(request, leaving);
      if (earlier) return earlier;
      signal.throwIfAborted();
      const { from = '', to = '' } = member;
      return await this.#driver.land(request, { from, to, message: '' }, signal);
    } catch (error) {
      leaving.throwIfAborted();
      return await this.#lookAfter(request, error);
    }
  }

  async #lookAfter(request: MergeRequest, error: unknown): Promise<Merged | Stopped> {
    try {
      const found = await this.#driver.resume(request, this.#steps.leaving);
      return found ?? { kind: 'broken', error, mayHaveLanded: false };
    } catch {
      // Whatever keeps git from looking, too: taking it back does nothing where it has not landed.
      this.#steps.leaving.throwIfAborted();
      return { kind: 'broken', error, mayHaveLanded: true };
    }
  }

  /** Those that have landed, the last one first. */
  async #goBack(why: Stopped, by: MergeId): Promise<SetOutcome | undefined> {
    const stay: { readonly member: MergeSetMember; readonly reason: string }[] = [];
    for (const member of this.#set.members.toReversed()) {
      if (!member.landed) continue;
      const reason = await this.#undo(member);
      if (reason === undefined)
        this.#save('back', each => (each.merge === member.merge ? { ...each, landed: false } : each), member.merge);
      else stay.push({ member, reason });
    }
    if (stay.length > 0) return this.#partly(stay, why, by);
    this.#save('asked', ({ from: _from, to: _to, ...member }) => member);
    if (why.kind === 'moved') return undefined;
    if (why.kind === 'broken') throw why.error;
    return { kind: 'refused', by, outcome: why };
  }

  /** Why it stays where it is; undefined when its target does not have it any more. */
  async #undo(member: MergeSetMember): Promise<string | undefined> {
    const { target, worktree } = this.#requestOf(member);
    const { undo: id, from = '', to = '' } = member;
    const { repository, commonDir } = worktree;
    const request = { id, repository, target, from, to, message: '', exactly: true };
    try {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const place = commonDir === undefined ? {} : { commonDir };
        const undone = await this.#driver.undo({ ...request, ...place }, this.#steps.leaving);
        if (undone.kind === 'moved') continue;
        const isGone = undone.kind === 'merged' || (undone.kind === 'blocked' && undone.reason === 'nothing_to_merge');
        return isGone ? undefined : undone.message;
      }
      return `${target} moved ${attempts} times meanwhile.`;
    } catch (error) {
      this.#steps.leaving.throwIfAborted();
      return errorMessage(error);
    }
  }

  #partly(
    stay: readonly { readonly member: MergeSetMember; readonly reason: string }[],
    why: Stopped,
    by: MergeId,
  ): SetOutcome {
    const merged = new Map<MergeId, Merged>();
    for (const { member } of stay) merged.set(member.merge, { kind: 'merged', commit: member.to ?? '' });
    const stuck = this.#set.members.find(({ merge }) => merge === by);
    const landed = stay.map(
      ({ member, reason }) =>
        `${this.#placeOf(member)} has it at ${(member.to ?? '').slice(0, 10)} and keeps it: ${reason}`,
    );
    const reason =
      why.kind === 'broken' ? errorMessage(why.error) : why.kind === 'moved' ? 'its target moved.' : why.message;
    const message = `Only a part of this is merged. ${landed.join(' ')} ${stuck ? this.#placeOf(stuck) : 'The rest'} does not have it: ${reason} Merge again to bring in the rest, or revert what is there.`;
    this.#save('done', member => member);
    return { kind: 'partly', merged, message };
  }

  #placeOf(member: MergeSetMember): string {
    const { target, worktree } = this.#requestOf(member);
    return `${target} of ${member.name === '' ? worktree.repository : member.name}`;
  }

  #landing(): readonly MergeSetMember[] {
    return this.#set.members.filter(({ to }) => to !== undefined);
  }

  #requestOf({ merge }: MergeSetMember): MergeRequest {
    const request = this.#requests.get(merge);
    if (request === undefined) throw new Error(`Merge ${merge} has no request`);
    return request;
  }

  #save(step: MergeSet['step'], change: (member: MergeSetMember) => MergeSetMember, back?: MergeId): void {
    this.#set = { ...this.#set, step, members: this.#set.members.map(change) };
    this.#steps.save(this.#set, back);
  }
}

function hasNothing(outcome: NotMerged): outcome is Extract<NotMerged, { readonly kind: 'blocked' }> {
  return outcome.kind === 'blocked' && (outcome.reason === 'nothing_to_merge' || outcome.reason === 'no_commits');
}
