/**
 * How threads are grouped, named and drawn, the same in the trees, the webviews and `muster ps`.
 * Words are English; the extension translates them with `vscode.l10n.t`.
 */

/** Derived states of a thread, as `Thread.status` carries them; what each means is said in `core/threads/threadStatus.ts`. */
export type ThreadStatus =
  'needs_you' | 'queued' | 'working' | 'ready' | 'merging' | 'merged' | 'closed' | 'failed' | 'abandoned';

/** What threads are sorted into: tree groups, board columns, sections of `muster ps`. `done`: merged, closed, failed, abandoned. */
export type ThreadGroup = 'needs_you' | 'working' | 'ready' | 'merging' | 'done';

/** The one order of the groups. */
export const threadGroups: readonly ThreadGroup[] = ['needs_you', 'working', 'ready', 'merging', 'done'];

interface StatusLook {
  readonly group: ThreadGroup;
  /** Codicon id, without `$(…)`. */
  readonly icon: string;
  readonly word: string;
}

const looks: Readonly<Record<ThreadStatus, StatusLook>> = {
  needs_you: { group: 'needs_you', icon: 'bell-dot', word: 'Needs you' },
  failed: { group: 'needs_you', icon: 'error', word: 'Failed' },
  working: { group: 'working', icon: 'loading', word: 'Working' },
  queued: { group: 'working', icon: 'clock', word: 'Queued' },
  ready: { group: 'ready', icon: 'git-pull-request', word: 'Ready for review' },
  merging: { group: 'merging', icon: 'git-merge', word: 'Merging' },
  merged: { group: 'done', icon: 'check', word: 'Merged' },
  closed: { group: 'done', icon: 'circle-slash', word: 'Closed' },
  abandoned: { group: 'done', icon: 'circle-slash', word: 'Abandoned' },
};

const conflictIcon = 'warning';

/** Headings of the groups. */
export const threadGroupWords: Readonly<Record<ThreadGroup, string>> = {
  needs_you: 'Needs you',
  working: 'Working',
  ready: 'Ready for review',
  merging: 'Merging',
  done: 'Done',
};

/** Word per state. */
export const threadStatusWords: Readonly<Record<ThreadStatus, string>> = {
  needs_you: looks.needs_you.word,
  failed: looks.failed.word,
  working: looks.working.word,
  queued: looks.queued.word,
  ready: looks.ready.word,
  merging: looks.merging.word,
  merged: looks.merged.word,
  closed: looks.closed.word,
  abandoned: looks.abandoned.word,
};

/** Narrows `Thread.status`. A state that this version does not know shows as closed. */
export function parseThreadStatus(text: string): ThreadStatus {
  return isThreadStatus(text) ? text : 'closed';
}

function isThreadStatus(text: string): text is ThreadStatus {
  return Object.hasOwn(looks, text);
}

/** The group a state belongs to. */
export function threadGroupOf(status: ThreadStatus): ThreadGroup {
  return looks[status].group;
}

/** What a thread shows besides its state. */
export interface ThreadSigns {
  /** State of its latest run. */
  readonly latestRun?: string | undefined;
  /** Merging it would come to conflicts. */
  readonly conflicting?: boolean | undefined;
}

/**
 * Codicon id of a thread, without `$(…)`; spin `loading`. A thread that needs a person because its run ended badly shows
 * the error icon instead of the bell; one that was stopped half way does not look like one that is done, and one that
 * cannot be merged as it is not like one that can.
 */
export function threadIcon(status: ThreadStatus, { latestRun, conflicting }: ThreadSigns = {}): string {
  if (status === 'needs_you' && latestRun !== undefined && badEnds.has(latestRun)) return 'error';
  if (status === 'ready' && latestRun === 'cancelled') return 'circle-slash';
  if (status === 'ready' && conflicting === true) return conflictIcon;
  return looks[status].icon;
}

/** Every icon that {@link threadIcon} may name; each is shipped as a file for the tabs of thread pages. */
export const tabIcons: readonly string[] = [
  ...new Set([...Object.values(looks).map(({ icon }) => icon), conflictIcon]),
];

const badEnds: ReadonlySet<string> = new Set(['failed', 'timed_out', 'lost']);

/**
 * Since when a thread stands where it does, in milliseconds since the Unix epoch: what lists sort and tell. One that waits for
 * review does so since its run ended; that a person looks at it must not move its row under their pointer.
 */
export function threadSince(status: ThreadStatus, updatedAt: number, runEndedAt = 0): number {
  return status === 'ready' && runEndedAt > 0 ? runEndedAt : updatedAt;
}

/** True while a run of the thread is active or about to be. */
export function isThreadActive(status: ThreadStatus): boolean {
  return status === 'working' || status === 'queued';
}
