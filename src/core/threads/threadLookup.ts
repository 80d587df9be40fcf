import { AppError } from '../../base/errors.js';
import { isId, type ThreadId } from '../../base/ids.js';
import type { ThreadView, ThreadStores } from './threadStore.js';

/**
 * The thread whose id is, or uniquely begins with, `text`; `<thread>/<repository>` is what it has of another repository.
 * Errors: `thread.unknown`, `thread.ambiguous`.
 */
export function findThread(stores: ThreadStores, text: string): ThreadView {
  const [whole = '', name] = text.split('/', 2);
  const found = findThreadId(stores, whole);
  const part = name === undefined ? undefined : stores.parts.ofWhole(found).find(each => each.name === name);
  const view = name !== undefined && part === undefined ? undefined : stores.threads.view(part?.thread ?? found);
  if (!view) throw unknownThread(text);
  return view;
}

function findThreadId(stores: ThreadStores, text: string): ThreadId {
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
