import type { LineRange } from '../../base/textAnchor.js';
import type { CommentId, ReviewComment } from './comment.js';

/** Enough of an id to tell the comments of one thread apart, and to be repeated without a mistake. */
const shortLength = 6;
/** Lines of code that a message repeats; the agent has the file. */
const quotedLines = 12;

/** A comment with the lines that it is about now; without them it is outdated. */
export interface PlacedComment {
  readonly comment: ReviewComment;
  readonly now: LineRange | undefined;
  /** For one that is outdated: what stands where its lines were. */
  readonly instead?: LineRange | undefined;
  /** What the discussion began with, when the comment answers one. */
  readonly root?: ReviewComment | undefined;
}

/** What the author is told: each point with file, lines, the code it is about and what was said. */
export function changeRequestText(note: string, placed: readonly PlacedComment[]): string {
  const points = placed.map((point, index) => `${index + 1}. ${pointText(point)}`);
  return [
    note === '' ? 'I have reviewed your changes. Please change the following.' : note,
    ...points,
    placed.length === 0
      ? ''
      : [
          'For each point that you have dealt with, put a line of its own at the end of your answer:',
          ...placed.map(({ comment, root }) => `DONE: ${shortCommentId((root ?? comment).id)}`),
        ].join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n');
}

function pointText({ comment, now, root }: PlacedComment): string {
  const { path, side, anchor } = comment.place;
  const { start, end } = now ?? anchor;
  const lines = start === end ? `line ${start}` : `lines ${start} to ${end}`;
  const before =
    side === 'base' ? ' of the file before your changes' : now === undefined ? ', as it was when I looked' : '';
  return [
    `${path}, ${lines}${before} (${shortCommentId((root ?? comment).id)})`,
    indented(quoted(anchor.lines)),
    ...(root === undefined ? [] : [indented(`${root.author} said:\n${root.text}`)]),
    indented(comment.text),
  ].join('\n');
}

/** Code between fences that are longer than any inside of it. */
function quoted(lines: readonly string[]): string {
  const longest = Math.max(2, ...lines.flatMap(line => line.match(/`+/g)?.map(ticks => ticks.length) ?? []));
  const fence = '`'.repeat(longest + 1);
  const shown = lines.slice(0, quotedLines);
  return [fence, ...shown, ...(lines.length > shown.length ? ['…'] : []), fence].join('\n');
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '   ');
}

export function shortCommentId(id: CommentId): string {
  return id.slice(0, shortLength);
}

/**
 * The comments that an answer says are dealt with: those of lines that were asked for, and of these only such as its message
 * carried. Whoever reviews sees who resolved them, and can open them again.
 */
export function commentsDone(answer: string, sent: readonly ReviewComment[]): readonly ReviewComment[] {
  const done = new Set(
    answer
      .split('\n')
      .flatMap(line => /^[-*\s]*DONE: ([0-9a-z]{6,12})\s*$/.exec(line)?.[1]?.slice(0, shortLength) ?? []),
  );
  return sent.filter(({ id }) => done.has(shortCommentId(id)));
}
