/** Characters of the readable part: long enough to recognise a task, short enough for Windows' paths. */
const longestSlug = 40;
/** Names that Windows keeps for devices, with or without an extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/;

export interface WorktreeName {
  /** `muster/<slug>-<id6>` (or with another prefix): a valid ref name whatever the summary was. */
  readonly branch: string;
  /** `<slug>-<id6>`: one path segment that every platform takes. */
  readonly directory: string;
}

/** Names a thread's branch and folder after its summary; the first six characters of the id keep them apart. */
export function worktreeName(thread: {
  readonly summary: string;
  readonly id: string;
  /** Default: `muster/`. */
  readonly prefix?: string;
}): WorktreeName {
  const directory = `${slugOf(thread.summary)}-${thread.id.slice(0, 6)}`;
  return { branch: branchOfDirectory(directory, thread.prefix), directory };
}

/** The branch of the worktree in a folder of this name; see {@link worktreeName}. */
export function branchOfDirectory(directory: string, prefix = 'muster/'): string {
  return `${prefix}${directory}`;
}

/** Lower-case ASCII words joined by `-`; `task` when nothing is left of the text. */
export function slugOf(text: string): string {
  const words = text
    .normalize('NFKD')
    .replace(/\p{Mark}+/gu, '')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  let slug = '';
  for (const word of words ?? []) {
    const longer = slug === '' ? word : `${slug}-${word}`;
    if (longer.length > longestSlug) break;
    slug = longer;
  }
  if (slug === '') slug = (words?.[0] ?? 'task').slice(0, longestSlug);
  return reserved.test(slug) ? `task-${slug}` : slug;
}
