import type { TerminalSize } from '../../core/runs/liveInput.js';

const usual: TerminalSize = { rows: 24, columns: 80 };
/** What a terminal's driver can count. */
const most = 65_535;

/** The size of a terminal as a request has it; the usual one in place of none. */
export function terminalSize({ rows, columns }: TerminalSize): TerminalSize {
  if (rows === 0 || columns === 0) return usual;
  return { rows: Math.min(rows, most), columns: Math.min(columns, most) };
}
