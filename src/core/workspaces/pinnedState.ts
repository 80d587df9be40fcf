import { errorMessage } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { Store } from '../store.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadStores } from '../threads/threadStore.js';
import type { RescueStores } from './rescueStore.js';
import type { WorktreeDriver, WorktreeRef } from './worktreeDriver.js';
import type { SharedChange, SharedState } from './sharedState.js';

/** Where refs of removed worktrees are. */
const keptWork = 'refs/muster/rescue/';

/** Port: what was pinned for a thread's run, and what was found changed after it. */
export interface SharedStateStore {
  pin(thread: ThreadId, state: SharedState): void;
  /** What was pinned for the run that is at work; it is compared once. */
  takePinned(thread: ThreadId): SharedState | undefined;
  /** A ref that the host itself removes is in none of what is pinned. */
  forget(ref: string): void;
  saveChanges(thread: ThreadId, changes: readonly SharedChange[]): void;
  changes(thread: ThreadId): readonly SharedChange[];
}

/** What a transaction needs that touches them. */
export interface SharedStateStores {
  readonly shared: SharedStateStore;
}

export interface SharedStateOptions {
  readonly store: Store<SharedStateStores & ThreadStores & RescueStores>;
  readonly driver: Pick<WorktreeDriver, 'sharedState' | 'sharedChanges'>;
  readonly log: Log;
}

/** Before a run. A repository that cannot be read does not keep it from starting. */
export async function pinShared(options: SharedStateOptions, thread: ThreadId, worktree: WorktreeRef): Promise<void> {
  const { store, driver, log } = options;
  try {
    // Branches of threads are theirs to move.
    const own = new Set(store.read(ownRefs)).add(`refs/heads/${worktree.branch}`);
    const state = await driver.sharedState(worktree, own);
    store.transact(stores => {
      // Somebody else's may have been made while git answered.
      const others = new Set(ownRefs(stores));
      stores.shared.pin(thread, { ...state, refs: state.refs.filter(([ref]) => !others.has(ref)) });
    });
  } catch (error) {
    log.warn('What a run shares with the person could not be noted', { thread, reason: errorMessage(error) });
  }
}

function ownRefs({ threads }: ThreadStores): string[] {
  return threads.branches().map(branch => `refs/heads/${branch}`);
}

/** After a run: what changed meanwhile is kept, and told in the thread's notes. */
export async function compareShared(
  options: SharedStateOptions,
  thread: Thread,
  worktree: WorktreeRef,
): Promise<readonly string[]> {
  const { store, driver, log } = options;
  const before = store.transact(stores => stores.shared.takePinned(thread.id));
  if (before === undefined) return [];
  try {
    const found = await driver.sharedChanges(worktree, before);
    const changes = store.read(stores => found.filter(change => isLoss(stores, thread, change)));
    if (changes.length === 0) return [];
    store.transact(stores => stores.shared.saveChanges(thread.id, [...stores.shared.changes(thread.id), ...changes]));
    // People act on the thread that they know.
    const known = store.read(stores => stores.parts.of(thread.id))?.whole ?? thread.id;
    return [sharedNote(known, changes)];
  } catch (error) {
    log.warn('What a run shares with the person could not be compared', {
      thread: thread.id,
      reason: errorMessage(error),
    });
    return [];
  }
}

/** What the host itself let go of, or brought back, is no loss: the database says what is still to be there. */
function isLoss(stores: RescueStores, { repository = '' }: Thread, change: SharedChange): boolean {
  if (change.kind !== 'ref' || !change.ref.startsWith(keptWork)) return true;
  return stores.rescues.byRef(repository, change.ref)?.commit === change.before;
}

function sharedNote(thread: ThreadId, changes: readonly SharedChange[]): string {
  const shown = changes.slice(0, 5).map(sharedChangeText).join('; ');
  const more = changes.length > 5 ? `; and ${changes.length - 5} more` : '';
  return `During a run, in your repository: ${shown}${more}. \`muster worktrees put-back ${thread}\` undoes that.`;
}

/** One change in words that need no heading. */
export function sharedChangeText(change: SharedChange): string {
  switch (change.kind) {
    case 'stash':
      return `your stash lost "${change.message}"`;
    case 'edits': {
      const where = change.stashed
        ? 'are not in your checkout, and your stash has a new entry'
        : 'are gone from your checkout';
      return `your edits of ${shortList(change.files)} ${where}`;
    }
    case 'checkout':
      return `your checkout was switched from ${refText(change.before)} to ${refText(change.now)}`;
    case 'hook':
      return `the hook ${change.path} was ${change.before === undefined ? 'added' : change.now === undefined ? 'removed' : 'changed'}`;
    case 'ref': {
      if (change.ref.startsWith('refs/muster/')) {
        const kept = change.ref.startsWith(keptWork);
        const name = kept ? `the kept work ${change.ref.slice(keptWork.length)}` : `what is kept as ${change.ref}`;
        return `${name} was ${change.now === undefined ? 'deleted' : 'moved'}`;
      }
      const name = change.ref.replace(/^refs\/(?:heads|tags)\//, '');
      const what = change.ref.startsWith('refs/tags/') ? 'tag' : 'branch';
      return change.now === undefined ? `${what} ${name} was deleted` : `${what} ${name} was moved back or aside`;
    }
    case 'config':
      return `the setting ${change.key} was ${change.now.length === 0 ? 'removed' : 'changed'}`;
  }
}

function refText(head: string): string {
  return head.startsWith('refs/heads/') ? head.slice('refs/heads/'.length) : `commit ${head.slice(0, 8)}`;
}

function shortList(files: readonly string[]): string {
  const shown = files.slice(0, 3).join(', ');
  return files.length > 3 ? `${shown} and ${files.length - 3} more` : shown;
}
