import { AppError } from '../../base/errors.js';
import { isId, type ThreadId } from '../../base/ids.js';
import type { Thread } from './thread.js';
import type { ThreadView, ThreadStores } from './threadStore.js';

/**
 * The thread whose id is, or uniquely begins with, `text`; `<thread>/<repository>` is what it has of another repository.
 * Errors: `thread.unknown`, `thread.ambiguous`.
 */
export function findThread(stores: ThreadStores, text: string): ThreadView {
  const id = findThreadId(stores, text);
  const view = id && stores.threads.view(id);
  if (!view) throw unknownThread(text);
  return view;
}

/** The same, for whoever needs nothing that is derived of it: a task that is dispatched waits for each look. */
export function findThreadAlone(stores: ThreadStores, text: string): Thread {
  const id = findThreadId(stores, text);
  const thread = id && stores.threads.get(id);
  if (!thread) throw unknownThread(text);
  return thread;
}

function findThreadId(stores: ThreadStores, text: string): ThreadId | undefined {
  const [whole = '', name] = text.split('/', 2);
  const found = idBeginning(stores, whole);
  return name === undefined ? found : stores.parts.ofWhole(found).find(part => part.name === name)?.thread;
}

function idBeginning(stores: ThreadStores, text: string): ThreadId {
  const prefix = text.toLowerCase();
  if (isId<'thread'>(prefix)) return prefix;
  const matches = /^[0-9a-z]{1,12}$/.test(prefix) ? stores.threads.withPrefix(prefix) : [];
  const [only, ...others] = matches;
  if (only === undefined) throw unknownThread(text);
  if (others.length > 0) {
    throw new AppError(
      'thread.ambiguous',
      `${text} begins several thread ids: ${matches.join(', ')}. Type one more character.`,
      {
        prefix: text,
        matches,
      },
    );
  }
  return only;
}

/** Errors with the words for a thread that is not there. */
export function unknownThread(text: string): AppError<'thread.unknown'> {
  const shown = text.slice(0, 60);
  return new AppError(
    'thread.unknown',
    `There is no thread ${JSON.stringify(shown)}. \`muster ps --all\` lists the threads.`,
    {
      thread: shown,
    },
  );
}
