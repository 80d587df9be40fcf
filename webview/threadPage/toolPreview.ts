import { ownValue } from '../../src/base/ownValue.js';
import { isRecord } from '../../src/base/unknownFields.js';
import type { ToolCallEntry, ToolResultEntry } from '../../src/protocol/webview/transcriptView.js';
import { countLines } from './transcriptRows.js';

/** A line of an edit as a tool call describes it. */
export interface EditLine {
  readonly kind: 'added' | 'removed';
  readonly text: string;
}

/**
 * The lines that an edit takes away and adds, as far as its input tells; undefined when it does not. The real diff
 * comes from git: this is what the agent asked for.
 */
export function editLines(call: ToolCallEntry): readonly EditLine[] | undefined {
  if (call.category !== 'edit') return undefined;
  const input = parseObject(call.input);
  if (!input) return undefined;
  const patch = firstText(input, ['patch', 'diff', 'unified_diff']);
  if (patch !== undefined) return patchLines(patch);
  const edits = Array.isArray(input['edits']) ? input['edits'].filter(isRecord) : [input];
  const lines = edits.flatMap(edit => {
    const before = firstText(edit, ['old_string', 'oldString', 'old_str']);
    const after = firstText(edit, ['new_string', 'newString', 'new_str', 'content', 'file_text']);
    return changedLines(before ?? '', after ?? '');
  });
  return lines.length === 0 ? undefined : lines;
}

/** Without the lines that both begin and end with. */
function changedLines(before: string, after: string): readonly EditLine[] {
  const old = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const now = after === '' ? [] : after.replace(/\n$/, '').split('\n');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  return [
    ...old.slice(start, old.length - end).map((text): EditLine => ({ kind: 'removed', text })),
    ...now.slice(start, now.length - end).map((text): EditLine => ({ kind: 'added', text })),
  ];
}

function patchLines(patch: string): readonly EditLine[] | undefined {
  const lines: EditLine[] = [];
  for (const line of patch.split('\n')) {
    if (line.startsWith('+') && !line.startsWith('+++')) lines.push({ kind: 'added', text: line.slice(1) });
    if (line.startsWith('-') && !line.startsWith('---')) lines.push({ kind: 'removed', text: line.slice(1) });
  }
  return lines.length === 0 ? undefined : lines;
}

/** What a tool call came to, in a word or two at the end of its line. */
export type ToolSummary =
  | { readonly kind: 'running' | 'failed' | 'none' }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'changes'; readonly added: number; readonly removed: number }
  | { readonly kind: 'lines' | 'results'; readonly count: number };

/** Picks what matters for the kind of tool. A call without a result is running only as long as its run is. */
export function toolSummary(
  call: ToolCallEntry,
  result: ToolResultEntry | undefined,
  { runActive }: { readonly runActive: boolean },
): ToolSummary {
  if (!result) return { kind: runActive ? 'running' : 'none' };
  if (call.category === 'command' && result.exitCode !== undefined) return { kind: 'exit', code: result.exitCode };
  if (!result.ok) return { kind: 'failed' };
  if (call.category === 'edit') {
    const lines = editLines(call);
    if (!lines) return { kind: 'none' };
    const added = lines.filter(line => line.kind === 'added').length;
    return { kind: 'changes', added, removed: lines.length - added };
  }
  if (result.output === '' || result.cut) return { kind: 'none' };
  return { kind: call.category === 'search' ? 'results' : 'lines', count: countLines(result.output) };
}

/** The input for reading: JSON becomes one `name: value` a line; a command stands alone. */
export function readableInput(call: ToolCallEntry): string {
  const input = parseObject(call.input);
  if (!input) return call.input;
  const entries = Object.entries(input);
  if (call.category === 'command') {
    const command = input['command'] ?? input['cmd'];
    if (typeof command === 'string') return command;
    if (Array.isArray(command)) return command.map(String).join(' ');
  }
  return entries
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n');
}

/** Nothing for an input that was cut, or is no mapping: it is shown as text. */
function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function firstText(input: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = ownValue(input, name);
    if (typeof value === 'string') return value;
  }
  return undefined;
}
