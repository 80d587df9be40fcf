import type { Command } from '../command.js';
import { commandTable } from '../commandTable.js';
import { globalOptionLines } from '../options/globalOptions.js';
import type { Printer } from './printer.js';
import { formatTable } from './table.js';

/** All commands, one line each. */
export async function printHelp(out: Printer): Promise<void> {
  out.line('Usage: muster <command> [options]');
  out.line();
  const rows: [string, string][] = [];
  for (const [name, { summary, parts = {} }] of Object.entries(commandTable)) {
    rows.push([name, summary]);
    for (const [part, entry] of Object.entries(parts)) rows.push([`${name} ${part}`, entry.summary]);
  }
  printPairs(out, rows);
  out.line();
  printPairs(out, globalOptionLines);
  out.line();
  out.line('Threads and runs are named by any unique beginning of their ids. `muster help <command>` explains one.');
}

/** One command with its options. */
export function printCommandHelp(out: Printer, command: Command): void {
  const words = command.positionals.map(({ name, required }) => (required ? `<${name}>` : `[${name}]`));
  const options = Object.entries(command.options);
  out.line(`Usage: ${['muster', command.name, ...words, ...(options.length > 0 ? ['[options]'] : [])].join(' ')}`);
  out.line();
  out.line(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`);
  if (command.details) {
    out.line();
    out.line(command.details);
  }
  out.line();
  printPairs(out, [
    ...options.map(([name, { short, value, text }]): [string, string] => [
      `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`,
      text,
    ]),
    ...globalOptionLines,
  ]);
}

function printPairs(out: Printer, pairs: readonly (readonly [string, string])[]): void {
  const rows = pairs.map(([left, right]) => [{ text: `  ${left}` }, { text: right }]);
  for (const line of formatTable(rows)) out.line(line);
}
