/** What a reviewer makes of somebody’s work. `approve`: it may go in; `request_changes` sends it back; `comment` neither approves nor stops it. */
export type Verdict = 'approve' | 'request_changes' | 'comment';
export const verdicts: readonly Verdict[] = ['approve', 'request_changes', 'comment'];

const words: ReadonlyMap<string, Verdict> = new Map([
  ['approve', 'approve'],
  ['request changes', 'request_changes'],
  ['comment', 'comment'],
]);

/** What a reviewer is told, so that its verdict can be read without guessing. */
export const verdictInstruction =
  'Say what you think of it with the tool `verdict` of the MCP server `muster`. If you do not have that tool, end your answer with ' +
  'exactly one of these lines, and nothing after it:\nVERDICT: approve\nVERDICT: request changes\nVERDICT: comment';

/**
 * The verdict of an answer: its last line that is not empty, if that line is one of the three that were asked for. Anything else is
 * no verdict; what a text seems to mean is never guessed.
 */
export function readVerdict(answer: string): Verdict | undefined {
  const last = answer.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const said = /^VERDICT: (approve|request changes|comment)$/.exec(last)?.[1];
  return said === undefined ? undefined : words.get(said);
}
