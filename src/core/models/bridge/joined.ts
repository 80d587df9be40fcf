import type { Turn } from './conversation.js';

/** Turns of one side that follow each other are one; results of tools stand first in theirs. */
export function joined(turns: readonly Turn[]): readonly Turn[] {
  const result: Turn[] = [];
  for (const turn of turns) {
    const last = result.at(-1);
    if (last?.role === turn.role)
      result[result.length - 1] = { role: turn.role, parts: [...last.parts, ...turn.parts] };
    else if (turn.parts.length > 0) result.push(turn);
  }
  return result.map(({ role, parts }) => ({
    role,
    parts: [...parts.filter(part => part.kind === 'result'), ...parts.filter(part => part.kind !== 'result')],
  }));
}
