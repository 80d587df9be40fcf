import { formatAge } from '../../protocol/displayFormat.js';
import type { CleanedWorktree } from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { defineCommand } from '../command.js';
import { findProject } from '../lookup/projectLookup.js';
import { ignoredOption, readIgnored } from '../options/ignoredFiles.js';
import { readAge } from '../options/seconds.js';
import { formatTable } from '../output/table.js';
import { oneLine } from '../output/terminalText.js';
import { orUndefined } from '../output/wireText.js';
import { optional, worktreeJson } from '../output/wireJson.js';

export const worktreesClean = defineCommand({
  name: 'worktrees clean',
  summary: 'remove the worktrees that nobody needs any more, keeping their work',
  positionals: [],
  options: {
    'older-than': {
      type: 'string',
      value: 'TIME',
      text: 'only those to which nothing has happened for so long, such as 14d',
    },
    'unmerged': { type: 'boolean', text: 'also those with work that was not merged' },
    'all': { type: 'boolean', short: 'a', text: 'of every project, not only of the one of this folder' },
    'ignored': ignoredOption,
    'force': { type: 'boolean', text: 'do it; without it you are told what would go' },
  },
  details:
    'Worktrees of threads that are at work, or in which a program works, stay. What is in a removed one is kept under a rescue ref; `muster restore` brings it back.',
  async run(context, args) {
    const { connect, out, json, signal } = context;
    const olderThanMs = readAge(args.text('older-than'), '--older-than') ?? 0;
    const ignored = readIgnored(args.text('ignored'));
    const project = args.flag('all') ? undefined : await findProject(context);
    const force = args.flag('force');
    const client = await connect();
    const { worktrees } = await client.worktrees.cleanWorktrees(
      {
        folder: project?.folder ?? '',
        olderThanMs: BigInt(olderThanMs),
        unmerged: args.flag('unmerged'),
        ignored,
        force,
      },
      { signal },
    );
    if (json) {
      out.json({ worktrees: worktrees.map(cleanedJson) });
      return 0;
    }
    const now = Date.now();
    const rows = worktrees.map(({ worktree, state, reason, rescue }) => [
      { text: worktree?.threadId.slice(0, 8) ?? '', paint: out.style.accent },
      { text: oneLine(worktree?.branch ?? '') },
      { text: formatAge(Number(worktree?.usedAt ?? 0n), now) },
      {
        text:
          state === 'kept'
            ? `stays: ${oneLine(reason)}`
            : state === 'removed'
              ? `removed${keptAs(rescue)}`
              : 'would go',
      },
    ]);
    for (const line of formatTable(rows)) out.line(line);
    const going = worktrees.filter(({ state }) => state !== 'kept').length;
    if (force) out.line(`Removed ${counted(going)}.`);
    else if (going === 0) out.line('No worktree would be removed.');
    else out.line(`${counted(going)} would be removed; --force does it.`);
    return 0;
  },
});

function counted(worktrees: number): string {
  return worktrees === 1 ? '1 worktree' : `${worktrees} worktrees`;
}

function keptAs(rescue: string): string {
  return rescue === '' ? '' : `, kept as ${oneLine(rescue)}`;
}

function cleanedJson({ worktree, state, reason, rescue }: CleanedWorktree) {
  return {
    ...(worktree && worktreeJson(worktree)),
    state,
    ...optional({ reason: orUndefined(reason), rescue: orUndefined(rescue) }),
  };
}
