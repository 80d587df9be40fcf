import * as z from 'zod/mini';
import type { TranscriptItem } from '../gen/muster/v1/runs_pb.js';

/** Tool inputs and outputs longer than this are cut for the page; the raw log has them whole. */
export const maxShownToolText = 6_000;

const text = z.object({
  kind: z.enum(['text', 'thinking', 'result', 'raw']),
  text: z.string(),
  /** A piece that goes on where the one before it stopped. */
  delta: z.optional(z.boolean()),
  /** Lines, not Markdown. */
  plain: z.optional(z.boolean()),
});
const toolCall = z.object({
  kind: z.literal('tool_call'),
  callId: z.string(),
  tool: z.string(),
  category: z.enum(['read', 'edit', 'search', 'command', 'fetch', 'plan', 'other']),
  title: z.string(),
  input: z.string(),
  path: z.string(),
});
const toolResult = z.object({
  kind: z.literal('tool_result'),
  callId: z.string(),
  ok: z.boolean(),
  output: z.string(),
  exitCode: z.optional(z.int()),
  /** The output was longer than {@link maxShownToolText}. */
  cut: z.boolean(),
});
const error = z.object({ kind: z.literal('error'), message: z.string(), reason: z.string() });

/** One thing an agent said or did, as the thread page shows it. */
export const transcriptEntrySchema = z.discriminatedUnion('kind', [text, toolCall, toolResult, error]);
export type TranscriptEntry = z.infer<typeof transcriptEntrySchema>;
export type TextEntry = z.infer<typeof text>;
export type ToolCallEntry = z.infer<typeof toolCall>;
export type ToolResultEntry = z.infer<typeof toolResult>;
export type ToolCategory = ToolCallEntry['category'];

/** Converts one item of the wire; undefined for what the page does not show (usage is in the header). */
export function toTranscriptEntry(item: TranscriptItem): TranscriptEntry | undefined {
  const of = item.item;
  switch (of.case) {
    case 'text':
    case 'thinking':
    case 'result':
    case 'raw':
      return {
        kind: of.case,
        text: of.value.text,
        ...(of.value.delta && { delta: true }),
        ...(of.value.plain && { plain: true }),
      };
    case 'toolCall':
      return {
        kind: 'tool_call',
        callId: of.value.callId,
        tool: of.value.tool,
        category: parseCategory(of.value.category),
        title: firstLine(of.value.title),
        input: of.value.input.slice(0, maxShownToolText),
        path: of.value.path,
      };
    case 'toolResult': {
      const { callId, ok, output, exitCode } = of.value;
      const shown = output.slice(0, maxShownToolText);
      const common = { kind: 'tool_result' as const, callId, ok, output: shown, cut: shown.length < output.length };
      return exitCode === undefined ? common : { ...common, exitCode };
    }
    case 'error':
      return { kind: 'error', message: of.value.message, reason: of.value.reason };
    default:
      return undefined;
  }
}

function parseCategory(category: string): ToolCategory {
  const parsed = toolCall.shape.category.safeParse(category);
  return parsed.success ? parsed.data : 'other';
}

function firstLine(title: string): string {
  const line = title.trimStart().split('\n', 1)[0] ?? '';
  return line.length <= 500 ? line : `${line.slice(0, 499)}…`;
}
