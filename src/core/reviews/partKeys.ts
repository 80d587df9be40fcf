import type { ThreadId } from '../../base/ids.js';
import { inPart } from '../../base/partPath.js';
import type { PartOfThread } from '../threads/part.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadView } from '../threads/threadStore.js';

/** What a thread has of other repositories: those that have files, or had. */
export function madeParts({ parts }: Pick<ThreadView, 'parts'>): readonly PartOfThread[] {
  return parts.filter(({ thread }) => thread.repository !== undefined);
}

/** A thread with what it has of other repositories, each of which has changes of its own. */
export function repositoriesOf(view: Pick<ThreadView, 'thread' | 'parts'>): readonly Thread[] {
  return [view.thread, ...madeParts(view).map(({ thread }) => thread)];
}

/** Of which repository each key of a list of all is; those of others begin with its name. */
export function keysByThread(
  view: Pick<ThreadView, 'thread' | 'parts'>,
  hunks: readonly string[],
): ReadonlyMap<ThreadId, readonly string[]> {
  const parts = madeParts(view);
  const found = new Map<ThreadId, string[]>();
  for (const hunk of hunks) {
    const of = parts.find(({ part }) => hunk.startsWith(inPart(part.name, '')));
    const thread = of?.thread.id ?? view.thread.id;
    const key = of === undefined ? hunk : hunk.slice(inPart(of.part.name, '').length);
    const keys = found.get(thread);
    if (keys) keys.push(key);
    else found.set(thread, [key]);
  }
  return found.size === 0 ? new Map([[view.thread.id, []]]) : found;
}
