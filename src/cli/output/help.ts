import { ownValue } from '../../base/ownValue.js';
import { nearest } from '../../compose/nearest.js';
import type { Command } from '../command.js';
import type { CommandEntry } from '../commandEntry.js';
import { commandTable } from '../commandTable.js';
import { globalOptionLines } from '../options/globalOptions.js';
import { helpGroups } from './helpGroups.js';
import type { Printer } from './printer.js';
import { formatTable } from './table.js';

/** The commands by what they are for, one line each; `all`: every name and every second word. */
export function printHelp(out: Printer, { all }: { readonly all: boolean }): void {
  out.line('Usage: muster <command> [options]');
  out.line();
  if (all) printPairs(out, everyCommand());
  else printGroups(out);
  out.line();
  printPairs(out, globalOptionLines);
  out.line();
  out.line('Threads and runs are named by any unique beginning of their ids. `muster help <command>` explains one,');
  out.line('`muster help all` lists every command with its second words and other names.');
}

/** The command that somebody has mistyped, as far as one can say. */
export function nearestCommand(word: string): string | undefined {
  return nearest(word, Object.keys(commandTable));
}

function everyCommand(): readonly [string, string][] {
  return Object.entries(commandTable).flatMap(([name, { summary, parts = {} }]): [string, string][] => [
    [name, summary],
    ...partsOf(name, parts),
  ]);
}

function partsOf(name: string, parts: NonNullable<CommandEntry['parts']>): [string, string][] {
  return Object.entries(parts).map(([part, { summary }]) => [`${name} ${part}`, summary]);
}

/** In one table, so that all summaries begin in the same column. */
function printGroups(out: Printer): void {
  const rows = helpGroups.flatMap(({ title, names }) => [
    undefined,
    [title, ''] as const,
    ...names.map(name => [`  ${name}`, ownValue(commandTable, name)?.summary ?? ''] as const),
  ]);
  const lines = formatTable(
    rows.map(row => (row ? [{ text: row[0] }, { text: row[1] }] : [{ text: '' }, { text: '' }])),
  );
  for (const line of lines.slice(1)) out.line(line);
}

/** One command with its options. */
export function printCommandHelp(out: Printer, command: Command): void {
  const parts = partsOf(command.name, ownValue(commandTable, command.name)?.parts ?? {});
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
  if (parts.length > 0) {
    printPairs(out, parts);
    out.line();
  }
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
