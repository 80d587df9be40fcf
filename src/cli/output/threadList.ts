import { formatAge, formatCost, formatLineChanges, formatOrdinal, shortId } from '../../protocol/displayFormat.js';
import type { Run } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import {
  parseThreadStatus,
  threadGroupOf,
  threadGroups,
  threadGroupWords,
  threadSince,
  threadStatusWords,
  type ThreadGroup,
} from '../../protocol/threadDisplay.js';
import type { Printer } from './printer.js';
import { oneLine } from './terminalText.js';
import type { Style } from './style.js';
import { formatTable, truncate, type Cell } from './table.js';
import { isoTime } from './wireText.js';

/** The group of each thread, in the one order of groups; most recently changed first inside each. */
function groupThreads(threads: readonly Thread[]): ReadonlyMap<ThreadGroup, readonly Thread[]> {
  const newestFirst = threads.toSorted((a, b) => sinceOf(b) - sinceOf(a));
  const groups = threadGroups.map((group): [ThreadGroup, readonly Thread[]] => [
    group,
    newestFirst.filter(thread => threadGroupOf(parseThreadStatus(thread.status)) === group),
  ]);
  return new Map(groups.filter(([, members]) => members.length > 0));
}

function sinceOf({ status, updatedAt, latestRun }: Thread): number {
  return threadSince(parseThreadStatus(status), Number(updatedAt), Number(latestRun?.endedAt ?? 0n));
}

/** Prints threads under the headings of their groups, with aligned columns over all groups. */
export function printThreadGroups(
  out: Printer,
  threads: readonly Thread[],
  { now, projects }: { readonly now: number; readonly projects: boolean },
): void {
  const ids = shortestPrefixes(threads.map(({ id }) => id));
  const groups = [...groupThreads(threads)];
  const rows = groups.flatMap(([group, members]) =>
    members.map(thread =>
      threadRow(thread, { id: ids.get(thread.id) ?? thread.id, group, now, projects, style: out.style }),
    ),
  );
  const lines = formatTable(rows, { width: out.width, elastic: 1 });
  let next = 0;
  for (const [group, members] of groups) {
    if (next > 0) out.line();
    out.line(`${paintGroup(out.style, group)(threadGroupWords[group])}  ${out.style.dim(String(members.length))}`);
    for (const [index, thread] of members.entries()) {
      out.line(lines[next + index]);
      // What is done is a list of titles; its notes are told where one of them is looked at.
      if (group !== 'done')
        for (const note of notesOf(thread)) out.line(out.style.dim(fitted(`      ${note}`, out.width)));
    }
    next += members.length;
  }
}

/** What was noticed while its runs were at work, of the thread or of the person's repository; each one line. */
export function notesOf({ notes }: Pick<Thread, 'notes'>): readonly string[] {
  return notes.map(note => `note: ${oneLine(note)}`);
}

function fitted(text: string, width: number | undefined): string {
  return width === undefined ? text : truncate(text, width);
}

interface RowOptions {
  readonly id: string;
  readonly group: ThreadGroup;
  readonly now: number;
  readonly projects: boolean;
  readonly style: Style;
}

function threadRow(thread: Thread, { id, group, now, projects, style }: RowOptions): readonly Cell[] {
  return [
    { text: `  ${id}`, paint: style.accent },
    { text: oneLine(thread.summary) },
    ...(projects ? [{ text: oneLine(thread.projectName), paint: style.dim }] : []),
    { text: oneLine(thread.agent) },
    { text: truncate(describeState(thread), maximumState), paint: group === 'needs_you' ? style.attention : undefined },
    { text: lineChanges(thread), align: 'right' as const },
    { text: formatCost(thread.costUsd), align: 'right' as const },
    { text: formatAge(sinceOf(thread), now), paint: style.dim, align: 'right' as const },
  ].map(({ paint, ...cell }: Cell & { paint?: Cell['paint'] | undefined }) => (paint ? { ...cell, paint } : cell));
}

/** Longer reasons are read in full with `muster logs`. */
const maximumState = 48;

function lineChanges({ additions, deletions }: Thread): string {
  return additions === 0 && deletions === 0 ? '' : formatLineChanges(additions, deletions);
}

function queueText({ dueAt, dueReason, queuePosition }: Run): string {
  if (dueAt > 0n) return `${dueReason === 'retry' ? 'tries again' : 'starts'} at ${isoTime(dueAt)}`;
  return queuePosition > 0 ? `queued, ${formatOrdinal(queuePosition)}` : 'queued';
}

/** What a person stopped half way does not look like what is finished. */
function stopped({ latestRun }: Thread): string {
  return latestRun?.status === 'cancelled' ? 'stopped before it was done' : '';
}

/** What a thread does or wants, in a few words. */
export function describeState(thread: Thread): string {
  const status = parseThreadStatus(thread.status);
  switch (status) {
    case 'needs_you':
      return oneLine(thread.needs) || threadStatusWords[status].toLowerCase();
    case 'queued':
      return describeQueued(thread);
    case 'working':
      return describeWork(thread);
    case 'merging':
    case 'merged':
      return thread.latestMerge ? `${status} into ${oneLine(thread.latestMerge.target)}` : status;
    case 'ready':
      return [
        stopped(thread),
        describeChanges(thread.filesChanged),
        thread.conflictFiles.length > 0 ? `conflicts with ${oneLine(thread.conflictTarget)}` : '',
      ]
        .filter(part => part !== '')
        .join(', ');
    case 'closed':
      return stopped(thread) || status;
    case 'failed':
    case 'abandoned':
      return status;
  }
}

function describeQueued({ waitsFor, latestRun }: Thread): string {
  if (waitsFor.length > 0) return `waits for ${waitsFor.map(shortId).join(', ')}`;
  return latestRun ? queueText(latestRun) : 'queued';
}

function describeWork({ latestRun: run }: Thread): string {
  if (run?.stopping === true) return 'stopping';
  return run ? oneLine(run.activity) || run.status : 'working';
}

function describeChanges(files: number | undefined): string {
  if (files === undefined) return 'ready for review';
  if (files === 0) return 'ready, nothing changed';
  return `ready, ${files === 1 ? '1 file' : `${files} files`}`;
}

function paintGroup(style: Style, group: ThreadGroup): (text: string) => string {
  switch (group) {
    case 'needs_you':
      return text => style.bold(style.attention(text));
    case 'ready':
      return text => style.bold(style.good(text));
    case 'working':
    case 'merging':
    case 'done':
      return style.bold;
  }
}

/** The shortest beginnings of at least four characters that tell these ids apart. */
export function shortestPrefixes(ids: readonly string[]): ReadonlyMap<string, string> {
  const sorted = ids.toSorted();
  let length = 4;
  for (const [index, id] of sorted.entries()) length = Math.max(length, sharedLength(id, sorted[index + 1] ?? '') + 1);
  return new Map(ids.map(id => [id, id.slice(0, length)]));
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
