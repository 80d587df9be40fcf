import type { ThreadId } from '../../base/ids.js';
import type { AgentEvent } from './agentEvent.js';

/** The worktree as paths name it: where it is now, and below whatever folder it was, by the thread that it belongs to. */
export interface WorktreePlace {
  readonly thread: ThreadId;
  readonly worktree?: string;
}

/**
 * Makes the paths of tool calls and their results relative to the worktree: a person who reads along knows which worktree
 * it is, and the folder of Muster's state says nothing. A path of a worktree that is gone, or behind a link, is found by the
 * thread's id in it.
 */
export function relativeToWorktree(place: WorktreePlace): (event: AgentEvent) => AgentEvent {
  const shorten = (text: string): string => withoutWorktree(text, place);
  return event => {
    switch (event.kind) {
      case 'tool_call':
        return {
          ...event,
          title: shorten(event.title),
          input: shorten(event.input),
          ...(event.path === undefined ? {} : { path: shorten(event.path) }),
        };
      case 'tool_result':
        return { ...event, output: shorten(event.output) };
      default:
        return event;
    }
  };
}

/** Characters that a path in a line of text does not go on over. */
const endsPath = /[\s"'`<>|=:;,()]/;

/** One pass over the text, whatever is in it: it is an agent's. */
function withoutWorktree(text: string, { thread, worktree }: WorktreePlace): string {
  // `/<thread>/<words of the task>-<six characters of the thread>`, with a slash, a backslash or an escaped one.
  const folder = new RegExp(String.raw`${thread}([/\\]{1,2})[a-z0-9-]+?-${thread.slice(0, 6)}(?![\w-])`, 'y');
  let result = '';
  let done = 0;
  for (let at = text.indexOf(thread); at >= 0; at = text.indexOf(thread, at + 1)) {
    folder.lastIndex = at;
    const found = at < done ? null : folder.exec(text);
    if (!found) continue;
    const start = pathStart(text, { at, from: done, worktree });
    const end = at + found[0].length;
    const slash = found[1] ?? '/';
    const hasRest = text.startsWith(slash, end) && !/^[\s"'`]?$/.test(text.charAt(end + slash.length));
    result += text.slice(done, start) + (hasRest ? '' : '.');
    done = hasRest ? end + slash.length : end;
  }
  return result + text.slice(done);
}

/** Where the path begins that has the thread's id at `at`; a known worktree may have spaces above it. */
function pathStart(
  text: string,
  { at, from, worktree = '' }: { readonly at: number; readonly from: number; readonly worktree?: string | undefined },
): number {
  const above = worktree.slice(0, Math.max(0, worktree.lastIndexOf(text.slice(at, at + 12))));
  if (above !== '' && at - above.length >= from && text.endsWith(above, at)) return at - above.length;
  let start = at;
  while (start > from && !endsPath.test(text.charAt(start - 1))) start--;
  // `C:\…`
  return start - 2 >= from && /^[A-Za-z]:[\\/]/.test(text.slice(start - 2, start + 1)) ? start - 2 : start;
}
