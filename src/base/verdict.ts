/** What a reviewer makes of somebody’s work. `approve`: it may go in; `request_changes` sends it back; `comment` neither approves nor stops it. */
export type Verdict = 'approve' | 'request_changes' | 'comment';
export const verdicts: readonly Verdict[] = ['approve', 'request_changes', 'comment'];

const words: ReadonlyMap<string, Verdict> = new Map([
  ['approve', 'approve'],
  ['request changes', 'request_changes'],
  ['comment', 'comment'],
]);

/**
 * The verdict of an answer: its last line that is not empty, if that line is one of the three that a reviewer is asked for. Anything
 * else is no verdict; what a text seems to mean is never guessed.
 */
export function readVerdict(answer: string): Verdict | undefined {
  const last = answer.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const said = /^VERDICT: (approve|request changes|comment)$/.exec(last)?.[1];
  return said === undefined ? undefined : words.get(said);
}
