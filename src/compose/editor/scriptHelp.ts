import { scriptMembers } from '../script/schedulerApi.js';
import { child, entryOf } from '../source/composeNode.js';
import type { Span } from '../source/textPosition.js';
import type { ComposeSource } from './composeSource.js';

/** A name that may be written at a place of a script. */
export interface ScriptProposal {
  readonly name: string;
  /** Other names follow it. */
  readonly isGroup: boolean;
  /** One line; empty for a group. */
  readonly signature: string;
  /** Markdown; empty for a group. */
  readonly doc: string;
  /** What it replaces. */
  readonly span: Span;
}

/** What may follow `scheduler.` in a script; `undefined` outside of scripts. */
export function scriptCompletions(source: ComposeSource, offset: number): readonly ScriptProposal[] | undefined {
  if (!isInScript(source, offset)) return undefined;
  const [, group = '', word = ''] = /\bscheduler\.((?:[a-z]+\.)?)(\w*)$/.exec(source.text.slice(0, offset)) ?? [];
  const isMember = /\bscheduler\.(?:[a-z]+\.)?\w*$/.test(source.text.slice(Math.max(0, offset - 80), offset));
  if (!isMember) return [];
  const span = { start: offset - word.length, end: offset };
  const below = scriptMembers.filter(({ path }) => path.startsWith(group));
  const names = new Map(below.map(member => [firstStep(member.path.slice(group.length)), member]));
  return [...names].map(([name, member]) => {
    const isGroup = member.path !== `${group}${name}`;
    return { name, isGroup, signature: isGroup ? '' : member.signature, doc: isGroup ? '' : member.doc, span };
  });
}

function firstStep(path: string): string {
  return path.split('.', 1)[0] ?? '';
}

/** The call of a script at the offset. */
export function scriptHover(
  source: ComposeSource,
  offset: number,
): { readonly span: Span; readonly markdown: string } | undefined {
  if (!isInScript(source, offset)) return undefined;
  const from = Math.max(0, offset - 80);
  for (const match of source.text.slice(from, offset + 80).matchAll(/\bscheduler\.([a-zA-Z]+(?:\.[a-z]+)?)/g)) {
    const span = { start: from + match.index, end: from + match.index + match[0].length };
    if (offset < span.start || offset > span.end) continue;
    const [, path = ''] = match;
    const member =
      scriptMembers.find(each => each.path === path) ?? scriptMembers.find(each => each.path === firstStep(path));
    if (!member) return undefined;
    return { span, markdown: `\`\`\`ts\nscheduler.${member.path}${member.signature}\n\`\`\`\n${member.doc}` };
  }
  return undefined;
}

function isInScript({ root }: ComposeSource, offset: number): boolean {
  const agents = child(root, 'agents');
  if (agents?.kind !== 'mapping') return false;
  return agents.entries.some(agent => {
    const value = entryOf(child(agent.value, 'scheduler'), 'script')?.value;
    return value?.kind === 'scalar' && value.span.start <= offset && offset <= value.span.end;
  });
}
