import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { readPrompt } from '../options/prompt.js';
import { usageError } from '../options/usageError.js';
import { reportComment } from './review.js';

interface Place {
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
}

export const reviewComment = defineCommand({
  name: 'review comment',
  summary: 'say something about lines of a thread’s changes',
  positionals: [
    { name: 'thread', required: true },
    { name: 'words…', required: false },
  ],
  options: {
    at: { type: 'string', value: 'FILE:LINE', text: 'where; FILE:FROM-TO for several lines' },
    base: { type: 'boolean', text: 'the lines are those of the file as it was before' },
    reply: { type: 'string', value: 'COMMENT', text: 'answer a comment' },
    edit: { type: 'string', value: 'COMMENT', text: 'say something else instead, while it was not sent' },
  },
  details:
    'Nobody else sees it before `muster review request-changes <thread>`. Without words it is read from standard input when that is piped.',
  async run(context, args) {
    const { signal } = context;
    const [prefix = '', ...words] = args.positionals;
    const [at, reply, edit] = [args.text('at'), args.text('reply'), args.text('edit')];
    if ([at, reply, edit].filter(each => each !== undefined).length !== 1) {
      throw usageError('Say one of --at FILE:LINE, --reply COMMENT or --edit COMMENT.');
    }
    const place = at === undefined ? undefined : parsePlace(at);
    const thread = await getThread(context, prefix);
    const text = await readPrompt({ words, file: undefined }, context);
    const client = await context.connect();
    const threadId = thread.id;
    const { comment } =
      edit === undefined
        ? await client.reviews.addComment(
            { threadId, text, replyTo: reply ?? '', ...place, onBase: args.flag('base') },
            { signal },
          )
        : await client.reviews.editComment({ threadId, commentId: edit, text }, { signal });
    reportComment(context, comment);
    return 0;
  },
});

function parsePlace(text: string): Place {
  const [, path, from, to] = /^(.+?):(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  if (path === undefined || from === undefined) throw usageError(`--at ${text}: say FILE:LINE or FILE:FROM-TO.`);
  const startLine = Number(from);
  return { path, startLine, endLine: to === undefined ? startLine : Number(to) };
}
