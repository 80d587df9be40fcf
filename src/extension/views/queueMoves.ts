/** A merge that waits, as far as its turn is concerned. */
export interface Waiting {
  readonly id: string;
  /** Only merges of one repository and target have turns among each other. */
  readonly lane: string;
}

export interface QueueMove {
  readonly mergeId: string;
  readonly before: string;
}

/**
 * What has to be asked for so that a merge that is dropped on another one has its place: before it when it comes from behind, after
 * it when it comes from before (then those in between get their turn earlier). Empty when nothing changes.
 */
export function queueMoves(queue: readonly Waiting[], dragged: string, target: string): readonly QueueMove[] {
  const from = queue.findIndex(({ id }) => id === dragged);
  const to = queue.findIndex(({ id }) => id === target);
  const lane = queue[from]?.lane;
  if (from < 0 || to < 0 || from === to || queue[to]?.lane !== lane) return [];
  if (from > to) return [{ mergeId: dragged, before: target }];
  return queue
    .slice(from + 1, to + 1)
    .filter(other => other.lane === lane)
    .map(({ id }) => ({ mergeId: id, before: dragged }));
}
