import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';
import { oneLine } from './terminalText.js';
import { describeState, notesOf } from './threadList.js';
import { threadJson } from './wireJson.js';

/** Prints what became of a thread; returns the exit status. */
export function reportThread({ out, json }: Pick<CommandContext, 'out' | 'json'>, thread: Thread): number {
  if (json) {
    out.json(threadJson(thread));
    return 0;
  }
  out.line(`${thread.id} ${describeState(thread)}`);
  for (const note of notesOf(thread)) out.line(`  ${note}`);
  if (thread.rescue !== '') out.line(`  kept as ${oneLine(thread.rescue)}`);
  if (thread.worktree !== '') out.line(`  in ${oneLine(thread.worktree)}`);
  return 0;
}
