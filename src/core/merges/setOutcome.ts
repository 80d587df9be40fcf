import { inPart } from '../../base/partPath.js';
import type { MergeId } from '../../base/ids.js';
import type { Merge } from './merge.js';
import type { MergeOutcome } from './mergeDriver.js';
import type { MergeSet, MergeSetMember } from './mergeSet.js';
import type { SetOutcome } from './performSet.js';

/** How one merge ends. */
export function endOf(outcome: MergeOutcome): Partial<Merge> {
  switch (outcome.kind) {
    case 'merged':
      return { status: 'merged', commit: outcome.commit, message: outcome.note ?? '' };
    case 'blocked':
      return { status: 'blocked', reason: outcome.reason, message: outcome.message, files: outcome.files };
    case 'conflicted':
      return { status: 'conflicted', message: outcome.message, files: outcome.files };
  }
}

/**
 * How the merges of a set end. People look at the first, which tells of all of them; the others end as their repositories did, so
 * that each can be taken back and none is merged twice.
 */
export function endsOf(set: MergeSet, outcome: SetOutcome): ReadonlyMap<MergeId, Partial<Merge>> {
  switch (outcome.kind) {
    case 'merged':
      return new Map(set.members.map(member => [member.merge, mergedEnd(set, member, outcome)]));
    case 'refused': {
      const by = set.members.find(({ merge }) => merge === outcome.by);
      const change = endOf(named(by?.name ?? '', outcome.outcome));
      return new Map(set.members.map(({ merge }) => [merge, change]));
    }
    case 'partly': {
      const stuck: Partial<Merge> = { status: 'failed', message: outcome.message };
      return new Map(
        set.members.map(({ merge }) => {
          const landed = outcome.merged.get(merge);
          // The thread as a whole is not merged, whatever its own repository has.
          return [merge, landed && merge !== set.id ? endOf(landed) : stuck];
        }),
      );
    }
  }
}

function mergedEnd(
  set: MergeSet,
  { merge }: MergeSetMember,
  { merged }: Extract<SetOutcome, { readonly kind: 'merged' }>,
): Partial<Merge> {
  const own = merged.get(merge);
  const end = own ? endOf(own) : { status: 'merged' as const };
  if (merge !== set.id) return end;
  const others = set.members.filter(each => each.merge !== set.id && each.to !== undefined);
  const places = others.map(({ name, to = '' }) => `${name} (${to.slice(0, 10)})`).join(', ');
  const together = others.length === 0 ? '' : `Merged together with ${places}.`;
  return { ...end, message: [together, end.message ?? ''].filter(text => text !== '').join(' ') };
}

/** Which repository it is about, where that is not the project's. */
function named<T extends Exclude<MergeOutcome, { readonly kind: 'merged' }>>(name: string, outcome: T): T {
  if (name === '') return outcome;
  return { ...outcome, message: `${name}: ${outcome.message}`, files: outcome.files.map(file => inPart(name, file)) };
}
