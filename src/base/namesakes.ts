/** Something with a name that others may have, too. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** Shorter ones look like words. */
const shortestMark = 4;

/**
 * What tells those apart that are called alike, by id: the beginning of the id, as long as it takes. Whoever is alone with a name
 * has none.
 */
export function marksOfNamesakes(all: Iterable<Named>): ReadonlyMap<string, string> {
  const byName = new Map<string, string[]>();
  for (const { id, name } of all) {
    const namesakes = byName.get(name);
    if (namesakes) namesakes.push(id);
    else byName.set(name, [id]);
  }
  const marks = new Map<string, string>();
  for (const ids of byName.values()) {
    if (ids.length === 1) continue;
    const length = distinctLength(ids);
    for (const id of ids) marks.set(id, id.slice(0, length));
  }
  return marks;
}

function distinctLength(ids: readonly string[]): number {
  const longest = Math.max(...ids.map(({ length }) => length));
  for (let length = shortestMark; length < longest; length += 1) {
    if (new Set(ids.map(id => id.slice(0, length))).size === ids.length) return length;
  }
  return longest;
}
