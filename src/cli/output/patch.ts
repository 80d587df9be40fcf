import type { Printer } from './printer.js';
import { printable } from './terminalText.js';

/** Prints a patch: as it is when a program reads it, coloured and without control characters on a terminal. */
export function printPatch(out: Printer, patch: string): void {
  if (patch === '') return;
  if (out.width === undefined) {
    out.raw(patch.endsWith('\n') ? patch : `${patch}\n`);
    return;
  }
  const { style } = out;
  for (const line of printable(patch).replace(/\n$/, '').split('\n')) {
    if (/^(diff |index |--- |\+\+\+ |new file|deleted file|similarity|rename )/.test(line)) out.line(style.bold(line));
    else if (line.startsWith('@@')) out.line(style.accent(line));
    else if (line.startsWith('+')) out.line(style.good(line));
    else if (line.startsWith('-')) out.line(style.bad(line));
    else out.line(line);
  }
}
