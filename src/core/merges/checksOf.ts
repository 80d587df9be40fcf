import type { MergeId } from '../../base/ids.js';
import type { MergeCheck } from './mergeCheck.js';
import type { MergeStores } from './mergeStore.js';
import { resultOf } from './mergeTrain.js';

/** What verified a merge, by itself or together with others, in the order in which it ran. */
export function checksOf(
  stores: Pick<MergeStores, 'checks' | 'trains' | 'mergeSets'>,
  merge: MergeId,
): readonly MergeCheck[] {
  const together = stores.trains.ofMerge(merge).flatMap(train => {
    const [first] = train.cars;
    if (first === undefined || first.merge === merge) return [];
    return stores.checks.ofMerge(first.merge).filter(({ candidate }) => candidate === resultOf(train));
  });
  // Those of a thread's other repositories are its own.
  const set = stores.mergeSets.ofMerge(merge);
  const own = set?.id === merge ? set.members.map(member => member.merge) : [merge];
  return [...together, ...own.flatMap(each => stores.checks.ofMerge(each))].toSorted(
    (a, b) => a.startedAt - b.startedAt,
  );
}
