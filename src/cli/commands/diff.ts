import { ownValue } from '../../base/ownValue.js';
import { inPart } from '../../base/partPath.js';
import { formatLineChanges } from '../../protocol/displayFormat.js';
import type { DiffThreadResponse } from '../../protocol/gen/muster/v1/threads_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { printPatch } from '../output/patch.js';
import { oneLine } from '../output/terminalText.js';
import { formatTable } from '../output/table.js';
import { changedFileJson } from '../output/wireJson.js';
import { getThread } from '../lookup/threadLookup.js';

const letters: Readonly<Record<string, string>> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  untracked: '?',
  type_changed: 'T',
};

export const diff = defineCommand({
  name: 'diff',
  summary: 'show what a thread changed',
  positionals: [{ name: 'thread', required: true }],
  options: {
    'stat': { type: 'boolean', text: 'list the files instead of their contents' },
    'with': { type: 'string', value: 'THREAD', text: 'compare with what another thread has come to' },
    'with-target': { type: 'boolean', text: 'compare with the target as it is now' },
    'since-review': { type: 'boolean', text: 'only what changed since you last looked at the thread in a review' },
  },
  details:
    'What merging would bring: compared with the commit that thread and target have in common now, with what is not committed yet. A thread of several repositories is shown whole; THREAD/REPOSITORY shows one.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const withPatch = !args.flag('stat');
    const named = args.text('with');
    const other = named === undefined ? undefined : await getThread(context, named);
    const [sinceLast, withTarget] = [args.flag('since-review'), args.flag('with-target')];
    const changesOf = async (threadId: string, compareWith = ''): Promise<DiffThreadResponse> =>
      await context.repeatable(({ threads }) =>
        threads.diffThread({ threadId, withPatch, sinceLast, compareWith, withTarget }, { signal }),
      );
    const own = await changesOf(thread.id, other?.id);
    const parts: { readonly name: string; readonly changes: DiffThreadResponse }[] = [];
    for (const { name, threadId, repository } of thread.parts.filter(part => part.repository !== '')) {
      // One that has nothing of it has done nothing there.
      const theirs = other?.parts.find(part => part.name === name && part.repository === repository)?.threadId;
      parts.push({ name, changes: await changesOf(threadId, theirs) });
    }
    if (json) {
      const others = parts.map(({ name, changes }) => ({
        name,
        ...diffJson(`${thread.id}/${name}`, changes, { withPatch }),
      }));
      out.json({ ...diffJson(thread.id, own, { withPatch }), ...(others.length > 0 && { repositories: others }) });
    } else {
      for (const { name, changes } of [{ name: '', changes: own }, ...parts])
        if (withPatch) printRepository(context, name, changes);
        else printFiles(context, name, changes);
    }
    if ([own, ...parts.map(({ changes }) => changes)].some(changes => changes.patchTruncated))
      out.note('The patch is longer than this; look at the rest in the worktree.');
    return 0;
  },
});

/** Tools that read patches pass over the line between two repositories. */
function printRepository({ out }: CommandContext, name: string, { patch }: DiffThreadResponse): void {
  if (name !== '' && patch !== '') out.line(`# Repository ${oneLine(name)}`);
  printPatch(out, patch);
}

/** The shape that `--json` prints. */
export function diffJson(
  threadId: string,
  changes: DiffThreadResponse,
  { withPatch }: { readonly withPatch: boolean },
) {
  return {
    thread_id: threadId,
    base_commit: changes.baseCommit,
    head: changes.head,
    files: changes.files.map(changedFileJson),
    uncommitted: changes.uncommitted,
    ...(withPatch && { patch: changes.patch, patch_truncated: changes.patchTruncated }),
  };
}

function printFiles({ out }: CommandContext, name: string, { files }: DiffThreadResponse): void {
  const shown = (path: string): string => oneLine(name === '' ? path : inPart(name, path));
  const rows = files.map(({ path, oldPath, status, binary, additions, deletions, oldMode, mode }) => [
    { text: ownValue(letters, status) ?? '?' },
    { text: oldPath === '' ? shown(path) : `${shown(oldPath)} → ${shown(path)}` },
    { text: binary ? 'binary' : formatLineChanges(additions, deletions), align: 'right' as const },
    // What a file may do has changed, with or without its lines.
    { text: mode === '' ? '' : `mode ${oldMode} → ${mode}` },
  ]);
  for (const line of formatTable(rows)) out.line(line);
}
