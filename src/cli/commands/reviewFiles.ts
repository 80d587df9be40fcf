import type { FileChange } from '../../protocol/gen/muster/v1/reviews_pb.js';
import { formatLineChanges } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { lineOf, piecesOf } from '../lookup/changedPieces.js';
import { getThread } from '../lookup/threadLookup.js';
import { formatTable } from '../output/table.js';
import { oneLine } from '../output/terminalText.js';
import { changedFileJson } from '../output/wireJson.js';

export const reviewFiles = defineCommand({
  name: 'review files',
  summary: 'list the changed files, and what of them was looked at',
  positionals: [{ name: 'thread', required: true }],
  options: {
    mark: { type: 'string', multiple: true, value: 'FILE[:LINE]', text: 'remember that this was looked at' },
    pieces: { type: 'boolean', text: 'list the changed pieces of each file, with their lines' },
    revert: { type: 'string', multiple: true, value: 'FILE[:LINE]', text: 'undo what the thread changed there' },
    unmark: { type: 'string', multiple: true, value: 'FILE[:LINE]', text: 'forget that' },
  },
  details:
    'What changes later was not looked at: only the changed pieces of a file are open again. Files of another repository of the thread are named `REPOSITORY:FILE`. `muster review stage` takes part of the changes.',
  async run(context, args) {
    const { signal, out, json, repeatable } = context;
    const thread = await getThread(context, args.required(0));
    const list = async (): Promise<readonly FileChange[]> =>
      (
        await repeatable(({ reviews }) =>
          reviews.listChanges({ threadId: thread.id, allRepositories: true }, { signal }),
        )
      ).files;
    let files = await list();
    const reverted = args.list('revert');
    if (reverted.length > 0) {
      const hunks = piecesOf(files, reverted);
      const client = await context.connect();
      await client.reviews.takeBack({ threadId: thread.id, hunks }, { signal });
      files = await list();
    }
    for (const option of ['mark', 'unmark'] as const) {
      const paths = args.list(option);
      if (paths.length === 0) continue;
      const hunks = piecesOf(files, paths);
      const request = { threadId: thread.id, hunks, reviewed: option === 'mark' };
      await repeatable(({ reviews }) => reviews.setReviewed(request, { signal }));
      files = await list();
    }
    if (json) out.json({ thread_id: thread.id, files: files.map(reviewedFileJson) });
    else for (const line of formatTable(files.flatMap(args.flag('pieces') ? pieceRows : fileRow))) out.line(line);
    return 0;
  },
});

/** The shape that `--json` prints. */
export function reviewedFileJson({ file, hunks }: FileChange) {
  return {
    ...(file && changedFileJson(file)),
    hunks: hunks.length,
    reviewed_hunks: reviewed(hunks),
    pieces: hunks.map(hunk => ({
      line: lineOf(hunk),
      additions: hunk.newLines,
      deletions: hunk.oldLines,
      reviewed: hunk.reviewed,
      staged: hunk.staged,
    })),
  };
}

function fileRow({ file, hunks }: FileChange) {
  const seen = reviewed(hunks);
  const all = seen === hunks.length;
  const row = [
    { text: all ? '✓' : seen > 0 ? '·' : ' ' },
    { text: oneLine(file?.path ?? '') },
    {
      text: file?.binary ? 'binary' : formatLineChanges(file?.additions ?? 0, file?.deletions ?? 0),
      align: 'right' as const,
    },
    {
      text: [all || hunks.length === 1 ? '' : `${seen} of ${hunks.length} reviewed`, stagedText(hunks)]
        .filter(part => part !== '')
        .join(', '),
    },
  ];
  return [row];
}

function stagedText(hunks: FileChange['hunks']): string {
  const staged = hunks.filter(hunk => hunk.staged).length;
  return staged === 0 ? '' : staged === hunks.length ? 'staged' : `${staged} of ${hunks.length} staged`;
}

/** `✓ src/a.ts:12  +3 −1  staged  + return total;` */
function pieceRows({ file, hunks }: FileChange) {
  return hunks.map(hunk => [
    { text: hunk.reviewed ? '✓' : ' ' },
    { text: `${oneLine(file?.path ?? '')}:${lineOf(hunk)}` },
    { text: file?.binary ? 'binary' : formatLineChanges(hunk.newLines, hunk.oldLines), align: 'right' as const },
    { text: hunk.staged ? 'staged' : '' },
    { text: oneLine(hunk.firstLine) },
  ]);
}

function reviewed(hunks: FileChange['hunks']): number {
  return hunks.filter(hunk => hunk.reviewed).length;
}
