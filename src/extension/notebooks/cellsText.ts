import { formatDuration } from '../../protocol/displayFormat.js';
import type { RecordedCell } from '../../protocol/gen/muster/v1/notebooks_pb.js';

/** What a person reads of cells: source, what it showed as text, how long it took. `running`: for one that is at work. */
export function cellsText(cells: readonly RecordedCell[], words: { readonly running: string }): string {
  return cells.map(cell => cellText(cell, words)).join('\n\n');
}

function cellText(
  { executionCount, source, text, outputs, startedAt, endedAt }: RecordedCell,
  { running }: { readonly running: string },
): string {
  const count = executionCount === 0 ? ' ' : String(executionCount);
  const took = endedAt === 0n ? running : formatDuration(Number(endedAt - startedAt));
  const kinds = outputs.filter(kind => kind !== 'text/plain').map(kind => `[${kind}]`);
  const shown = [text.trimEnd(), ...kinds].filter(part => part !== '');
  return [`In [${count}] · ${took}`, source.trimEnd(), ...(shown.length === 0 ? [] : ['---', ...shown])].join('\n');
}
