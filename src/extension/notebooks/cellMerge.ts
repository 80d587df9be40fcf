/** A cell as a merge sees it; two cells of one id are one cell at two times. */
export interface MergeCell {
  readonly id: string;
  readonly source: string;
  /** Everything else that is kept with it, in a form that can be compared: outputs, metadata, language. */
  readonly rest: string;
}

/** A cell of the outcome. `conflict`: both sides changed it, and this is what the other side made of the one before it. */
export interface MergedCell<C extends MergeCell> {
  readonly cell: C;
  readonly conflict: boolean;
}

/**
 * Three-way merge of a notebook by cells: `base` is what both sides began with, `ours` what a person has in the editor, `theirs`
 * what stands in the file by now. Nothing that one side wrote is lost: a cell that one side removed stays where the other changed
 * it, and a cell that both changed is there twice, ours first.
 */
export function mergeCells<C extends MergeCell>(
  base: readonly C[],
  ours: readonly C[],
  theirs: readonly C[],
): readonly MergedCell<C>[] {
  const before = byId(base);
  const our = byId(ours);
  const their = byId(theirs);
  const theyMoved = !sameOrder(base, theirs);
  const [leading, following] = theyMoved ? [theirs, ours] : [ours, theirs];
  return interleave(leading, following).flatMap(id => mergeOne(before.get(id), our.get(id), their.get(id)));
}

function mergeOne<C extends MergeCell>(
  base: C | undefined,
  ours: C | undefined,
  theirs: C | undefined,
): readonly MergedCell<C>[] {
  const plain = (cell: C): readonly MergedCell<C>[] => [{ cell, conflict: false }];
  if (!ours || !theirs) {
    const left = ours ?? theirs;
    // New on one side, or removed on the other: what was changed meanwhile stays.
    return left && (!base || base.source !== left.source) ? plain(left) : [];
  }
  if (ours.source === theirs.source) return plain(base && base.rest === ours.rest ? theirs : ours);
  if (base?.source === ours.source) return plain(theirs);
  if (base?.source === theirs.source) return plain(ours);
  return [...plain(ours), { cell: theirs, conflict: true }];
}

/** All ids: in the order of the first list, those of the second alone behind what they stand behind there. */
function interleave(first: readonly MergeCell[], second: readonly MergeCell[]): readonly string[] {
  const known = new Set(first.map(({ id }) => id));
  const front: string[] = [];
  const behind = new Map<string, string[]>();
  // A file may have a hundred thousand cells: each is looked at once.
  let group = front;
  for (const { id } of second) {
    if (known.has(id)) behind.set(id, (group = []));
    else group.push(id);
  }
  return [...front, ...first.flatMap(({ id }) => [id, ...(behind.get(id) ?? [])])];
}

function sameOrder(base: readonly MergeCell[], side: readonly MergeCell[]): boolean {
  const present = new Set(side.map(({ id }) => id));
  const had = new Set(base.map(({ id }) => id));
  const kept = base.filter(({ id }) => present.has(id));
  return side.filter(({ id }) => had.has(id)).every(({ id }, index) => kept[index]?.id === id);
}

function byId<C extends MergeCell>(cells: readonly C[]): ReadonlyMap<string, C> {
  return new Map(cells.map(cell => [cell.id, cell]));
}

/** Ids for cells of files that have none: what they say, and the how manieth that says it. */
export function idsOf(cells: readonly { readonly id: string; readonly source: string }[]): readonly string[] {
  const seen = new Map<string, number>();
  return cells.map(({ id, source }) => {
    const name = id === '' ? `source:${source}` : `id:${id}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return `${name}#${count}`;
  });
}
