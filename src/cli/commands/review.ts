import { inPart } from '../../base/partPath.js';
import type { Comment } from '../../protocol/gen/muster/v1/reviews_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { oneLine, printable } from '../output/terminalText.js';
import { commentJson } from '../output/wireJson.js';

/** Lines of code that a terminal shows above what was said about them. */
const shownLines = 4;

export const review = defineCommand({
  name: 'review',
  summary: 'show what was said about a thread’s changes',
  positionals: [{ name: 'thread', required: true }],
  options: { all: { type: 'boolean', text: 'also what is resolved' } },
  details:
    '`muster diff <thread>` shows the changes themselves. Comments of another repository of the thread are answered with THREAD/REPOSITORY.',
  async run(context, args) {
    const { signal, out, json } = context;
    const thread = await getThread(context, args.required(0));
    const listed = async (threadId: string): Promise<readonly Comment[]> =>
      (await context.repeatable(client => client.reviews.listComments({ threadId }, { signal }))).comments;
    const comments = [...(await listed(thread.id))];
    for (const { threadId, name } of thread.parts.filter(({ repository }) => repository !== ''))
      comments.push(...(await listed(threadId)).map(comment => ({ ...comment, path: inPart(name, comment.path) })));
    const isShown = (comment: Comment): boolean => args.flag('all') || rootOf(comment, comments).state !== 'resolved';
    const shown = comments.filter(isShown);
    if (json) {
      out.json({ thread_id: thread.id, comments: shown.map(commentJson) });
      return 0;
    }
    if (shown.length === 0) out.line('No comments.');
    for (const root of shown.filter(({ replyTo }) => replyTo === '')) {
      printComment(context, root);
      for (const answer of shown.filter(({ replyTo }) => replyTo === root.id)) printComment(context, answer);
    }
    return 0;
  },
});

function rootOf(comment: Comment, comments: readonly Comment[]): Comment {
  return comments.find(({ id }) => id === comment.replyTo) ?? comment;
}

/** What became of one comment. */
export function reportComment(context: CommandContext, comment: Comment | undefined): void {
  if (!comment) return;
  if (context.json) context.out.json({ comment: commentJson(comment) });
  else printComment(context, comment);
}

/** `3fk2ab  src/a.ts:12  you  draft`, the code and the words. */
function printComment({ out }: Pick<CommandContext, 'out'>, comment: Comment): void {
  const { id, path, author, state, severity, replyTo, outdated, lineNow, endLineNow, resolvedBy } = comment;
  const range = endLineNow > lineNow ? `${lineNow}-${endLineNow}` : String(lineNow);
  const place = outdated ? `${oneLine(path)} (outdated)` : `${oneLine(path)}:${range}`;
  const word = state === 'resolved' ? `resolved by ${oneLine(resolvedBy)}` : state;
  const facts = [replyTo === '' ? place : 'answer', oneLine(author), severity, word].filter(part => part !== '');
  out.line(`${out.style.accent(id.slice(0, 6))}  ${facts.join('  ')}`);
  if (replyTo === '') {
    for (const line of comment.anchor?.lines.slice(0, shownLines) ?? []) out.line(`    │ ${printable(line)}`);
  }
  for (const line of printable(comment.text).split('\n')) out.line(`    ${line}`);
}
