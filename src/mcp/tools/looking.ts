import { z } from 'zod';
import { AppError } from '../../base/errors.js';
import type { TranscriptItem } from '../../protocol/gen/muster/v1/runs_pb.js';
import { clip, count, optionalText, threadId } from '../fields.js';
import { findThread } from '../threads.js';
import { defineTool, type ToolContext } from '../tool.js';
import { transcriptItems } from '../transcripts.js';

/** Rows that one call returns at most; the next call goes on where this one ended. */
const mostRows = 1000;
const logRows = 200;
const eventRows = 100;
/** Characters of a patch that one call returns. */
const pageLength = 40_000;
/** What a tool or an agent said in one entry is cut here; the log has all of it. */
const detailLength = 2048;
const summaryLength = 200;

export const worktrees = defineTool({
  name: 'orch_worktrees',
  title: 'Worktrees',
  description: 'Where the threads’ files are, and how far each is from its base.',
  input: z.object({ thread_id: optionalText('Only the one of this thread.') }),
  output: z.object({
    worktrees: z.array(
      z.object({
        thread_id: z.string(),
        path: z.string(),
        branch: z.string(),
        ahead: z.number(),
        behind: z.number(),
        changed: z.number(),
        missing: z.boolean(),
      }),
    ),
  }),
  reads: true,
  run: async (context, input) => {
    const only = input.thread_id === undefined ? undefined : await findThread(context, input.thread_id);
    const found = await context.ask(client => client.worktrees.listWorktrees({}, { signal: context.signal }));
    return {
      worktrees: found.worktrees
        .filter(worktree => only === undefined || worktree.threadId === only.id)
        .map(({ threadId: thread, path, branch, ahead, behind, changed, missing }) => ({
          thread_id: thread,
          path,
          branch,
          ahead,
          behind,
          changed,
          missing,
        })),
    };
  },
});

export const review = defineTool({
  name: 'orch_review',
  title: 'Changes of a thread',
  description: 'Changed files with counts, and the patch in pages.',
  input: z.object({
    thread_id: threadId,
    patch: z.boolean().optional().describe('Also the patch. Default: true.'),
    offset: count().describe('Where in the patch to begin: next_offset of the page before.'),
  }),
  output: z.object({
    thread_id: z.string(),
    base_commit: z.string(),
    head: z.string(),
    files: z.array(
      z.object({
        path: z.string(),
        old_path: z.string().optional(),
        status: z.string(),
        binary: z.boolean(),
        additions: z.number(),
        deletions: z.number(),
      }),
    ),
    uncommitted: z.array(z.string()),
    patch: z.string().optional(),
    next_offset: z.number().optional(),
  }),
  reads: true,
  run: async (context, input) => {
    const thread = await findThread(context, input.thread_id);
    const withPatch = input.patch ?? true;
    const request = { threadId: thread.id, withPatch };
    const diff = await context.ask(({ threads }) => threads.diffThread(request, { signal: context.signal }));
    const offset = input.offset ?? 0;
    const end = offset + pageLength;
    return {
      thread_id: thread.id,
      base_commit: diff.baseCommit,
      head: diff.head,
      files: diff.files.map(({ path, oldPath, status, binary, additions, deletions }) => ({
        path,
        ...(oldPath === '' ? {} : { old_path: oldPath }),
        status,
        binary,
        additions,
        deletions,
      })),
      uncommitted: diff.uncommitted,
      ...(withPatch ? { patch: diff.patch.slice(offset, end) } : {}),
      ...(withPatch && diff.patch.length > end ? { next_offset: end } : {}),
    };
  },
});

export const executionEvents = defineTool({
  name: 'orch_execution_events',
  title: 'What an execution said and did',
  description: 'The entries of an execution’s transcript, oldest first.',
  input: z.object({
    execution_id: z.string().min(1),
    since_event_index: count().describe('Only entries after this one.'),
    limit: count({ min: 1 }).describe(`At most this many, and ${mostRows} in one call. Default: ${eventRows}.`),
  }),
  output: z.object({
    events: z.array(
      z.object({
        id: z.string(),
        event_index: z.number(),
        event_type: z.string(),
        tool_name: z.string().optional(),
        summary: z.string(),
        detail: z.string(),
      }),
    ),
    has_more: z.boolean(),
  }),
  reads: true,
  run: async (context, input) => {
    const after = input.since_event_index ?? -1;
    const limit = Math.min(input.limit ?? eventRows, mostRows);
    const events: ExecutionEvent[] = [];
    let index = 0;
    for await (const item of transcriptItems(context, input.execution_id)) {
      if (index > after + limit) return { events, has_more: true };
      if (index > after && events.length < limit) {
        const told = describe(item);
        const summary = clip(told.detail, summaryLength);
        events.push({ id: `${input.execution_id}:${index}`, event_index: index, summary, ...told });
      }
      index++;
    }
    return { events, has_more: index > after + limit + 1 };
  },
});

export const readLog = defineTool({
  name: 'orch_read_log',
  title: 'Log of an execution',
  description: 'Lines of what an execution wrote to its standard output.',
  input: z.object({
    execution_id: z.string().min(1),
    offset: count().describe('First line, counted from 0.'),
    limit: count({ min: 1 }).describe(`At most this many lines, and ${mostRows} in one call. Default: ${logRows}.`),
    tail: count({ min: 1 }).describe('The last lines instead, as many.'),
  }),
  output: z.object({
    execution_id: z.string(),
    total_lines: z.number().optional().describe('Where the end was reached.'),
    offset: z.number(),
    returned_lines: z.number(),
    has_more: z.boolean(),
    source: z.enum(['log_file']),
    lines: z.array(z.string()),
  }),
  reads: true,
  run: async (context, input) => {
    const limit = Math.min(input.tail ?? input.limit ?? logRows, mostRows);
    const first = input.tail === undefined ? (input.offset ?? 0) : undefined;
    let number = 0;
    let kept: string[] = [];
    let hasMore = false;
    for await (const line of logLines(context, input.execution_id)) {
      if (first === undefined) {
        kept.push(line);
        if (kept.length > limit * 2) kept = kept.slice(-limit);
      } else if (number >= first && kept.length < limit) kept.push(line);
      else if (number >= first + limit) {
        hasMore = true;
        break;
      }
      number++;
    }
    const lines = first === undefined ? kept.slice(-limit) : kept;
    return {
      execution_id: input.execution_id,
      ...(hasMore ? {} : { total_lines: number }),
      offset: first ?? number - lines.length,
      returned_lines: lines.length,
      has_more: hasMore,
      source: 'log_file' as const,
      lines,
    };
  },
});

/** Whole lines, whatever the chunks are. */
async function* logLines({ client, signal }: ToolContext, runId: string): AsyncGenerator<string> {
  const { runs } = await client();
  const decoder = new TextDecoder();
  let rest = '';
  for await (const { chunk } of runs.readLog({ runId, stream: 'stdout' }, { signal })) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

interface ExecutionEvent extends Described {
  readonly id: string;
  readonly event_index: number;
  readonly summary: string;
}

interface Described {
  readonly event_type: string;
  readonly tool_name?: string;
  readonly detail: string;
}

function describe({ item }: TranscriptItem): Described {
  switch (item.case) {
    case 'toolCall':
      return {
        event_type: 'tool_call',
        tool_name: item.value.tool,
        detail: clip(item.value.title || item.value.input, detailLength),
      };
    case 'toolResult':
      return { event_type: 'tool_result', detail: clip(item.value.output, detailLength) };
    case 'usage':
      return { event_type: 'turn_complete', detail: '' };
    case 'error':
      return { event_type: 'error', detail: clip(item.value.message, detailLength) };
    case 'text':
    case 'thinking':
    case 'result':
    case 'raw':
      return { event_type: item.case === 'text' ? 'message' : item.case, detail: clip(item.value.text, detailLength) };
    case undefined:
      throw new AppError('internal', 'The host sent an entry of a kind that this program does not know.', {
        detail: 'transcript item',
      });
  }
}
