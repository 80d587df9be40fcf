import { inPart } from '../../base/partPath.js';
import type { FileChange } from '../../protocol/gen/muster/v1/reviews_pb.js';
import { formatLineChanges } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { usageError } from '../options/usageError.js';
import { formatTable } from '../output/table.js';
import { oneLine } from '../output/terminalText.js';
import { changedFileJson } from '../output/wireJson.js';

export const reviewFiles = defineCommand({
  name: 'review files',
  summary: 'list the changed files, and what of them was looked at',
  positionals: [{ name: 'thread', required: true }],
  options: {
    mark: { type: 'string', multiple: true, value: 'FILE', text: 'remember that this file was looked at' },
    revert: { type: 'string', multiple: true, value: 'FILE', text: 'undo what the thread changed in this file' },
    unmark: { type: 'string', multiple: true, value: 'FILE', text: 'forget that' },
  },
  details:
    'What changes later was not looked at: only the changed pieces of a file are open again. Files of another repository of the thread are marked with THREAD/REPOSITORY.',
  async run(context, args) {
    const { signal, out, json, repeatable } = context;
    const thread = await getThread(context, args.required(0));
    const list = async (): Promise<readonly FileChange[]> =>
      (await repeatable(({ reviews }) => reviews.listChanges({ threadId: thread.id }, { signal }))).files;
    let files = await list();
    const reverted = args.list('revert');
    if (reverted.length > 0) {
      const hunks = reverted.flatMap(path => hunksOf(files, path));
      const client = await context.connect();
      await client.reviews.takeBack({ threadId: thread.id, hunks }, { signal });
      files = await list();
    }
    for (const option of ['mark', 'unmark'] as const) {
      const paths = args.list(option);
      if (paths.length === 0) continue;
      const hunks = paths.flatMap(path => hunksOf(files, path));
      const request = { threadId: thread.id, hunks, reviewed: option === 'mark' };
      await repeatable(({ reviews }) => reviews.setReviewed(request, { signal }));
      files = await list();
    }
    const all = [...files];
    for (const { threadId, name } of thread.parts.filter(({ repository }) => repository !== '')) {
      const changes = await repeatable(({ reviews }) => reviews.listChanges({ threadId }, { signal }));
      all.push(...changes.files.map(change => namedAfter(name, change)));
    }
    if (json) out.json({ thread_id: thread.id, files: all.map(reviewedFileJson) });
    else for (const line of formatTable(all.map(fileRow))) out.line(line);
    return 0;
  },
});

/** With the repository's name in front. */
function namedAfter(name: string, { file, ...change }: FileChange): FileChange {
  const named = (path: string): string => (path === '' ? '' : inPart(name, path));
  return { ...change, ...(file && { file: { ...file, path: named(file.path), oldPath: named(file.oldPath) } }) };
}

/** The shape that `--json` prints. */
export function reviewedFileJson({ file, hunks }: FileChange) {
  return {
    ...(file && changedFileJson(file)),
    hunks: hunks.length,
    reviewed_hunks: reviewed(hunks),
  };
}

function fileRow({ file, hunks }: FileChange) {
  const seen = reviewed(hunks);
  const all = seen === hunks.length;
  return [
    { text: all ? '✓' : seen > 0 ? '·' : ' ' },
    { text: oneLine(file?.path ?? '') },
    {
      text: file?.binary ? 'binary' : formatLineChanges(file?.additions ?? 0, file?.deletions ?? 0),
      align: 'right' as const,
    },
    { text: all || hunks.length === 1 ? '' : `${seen} of ${hunks.length} reviewed` },
  ];
}

function reviewed(hunks: FileChange['hunks']): number {
  return hunks.filter(hunk => hunk.reviewed).length;
}

function hunksOf(files: readonly FileChange[], path: string): readonly string[] {
  const found = files.find(({ file }) => file?.path === path);
  if (!found) throw usageError(`The thread did not change ${path}.`);
  return found.hunks.map(({ key }) => key);
}
