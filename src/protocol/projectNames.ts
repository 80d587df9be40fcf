/** As much of a project as its name on screen is made of. */
export interface NamedProject {
  readonly id: string;
  readonly name: string;
  /** Path of its compose file. */
  readonly file: string;
}

/**
 * Where those projects are that another one is called like, by id: as many of the last folders of their compose files as tell them
 * apart. Two files in one folder have their names. Whoever is alone with a name has none.
 */
export function placesOfNamesakes(projects: Iterable<NamedProject>): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const namesakes of Map.groupBy(projects, ({ name }) => name).values()) {
    if (namesakes.length === 1) continue;
    const files = namesakes.map(({ file }) => file.split(/[\\/]/).filter(part => part !== ''));
    const folders = files.map(parts => parts.slice(0, -1));
    const paths = new Set(folders.map(parts => parts.join('/'))).size === folders.length ? folders : files;
    const ends = distinctEnds(paths);
    for (const [index, { id }] of namesakes.entries()) places.set(id, ends[index] ?? '');
  }
  return places;
}

/** What projects are called on screen, by id: `shop`, and where several are called so, `shop (second)`. */
export function projectNames(projects: Iterable<NamedProject>): ReadonlyMap<string, string> {
  const all = [...projects];
  const places = placesOfNamesakes(all);
  return new Map(all.map(({ id, name }) => [id, nameWithPlace(name, places.get(id))]));
}

/** What the project of a thread or another thing of it is called; one that is gone is called as it was. */
export function projectNameOf(
  { projectId, projectName }: { readonly projectId: string; readonly projectName: string },
  names: ReadonlyMap<string, string>,
): string {
  return names.get(projectId) ?? projectName;
}

function nameWithPlace(name: string, place: string | undefined): string {
  return place === undefined || place === '' ? name : `${name} (${place})`;
}

function distinctEnds(paths: readonly (readonly string[])[]): readonly string[] {
  const longest = Math.max(...paths.map(({ length }) => length));
  for (let count = 1; ; count += 1) {
    const ends = paths.map(parts => parts.slice(-count).join('/'));
    if (count >= longest || new Set(ends).size === ends.length) return ends;
  }
}
