import { parseArgs } from 'node:util';
import { nearest } from '../../compose/nearest.js';
import { readTruth } from './globalOptions.js';
import { usageError } from './usageError.js';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** Name of the value in the help, such as `SECONDS`. */
  readonly value?: string;
  readonly text: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

export interface ParsedOptions {
  readonly flags: ReadonlyMap<string, boolean>;
  /** Every value of each option, in order. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  /** How many positionals stood before a `--`; undefined without one. */
  readonly terminator: number | undefined;
}

type OptionToken = Extract<ReturnType<typeof tokenize>[number], { readonly kind: 'option' }>;

/** Reads a command's arguments by its table. Throws `usage`. */
export function parseOptions(args: readonly string[], table: OptionTable, command: string): ParsedOptions {
  const flags = new Map<string, boolean>();
  const texts = new Map<string, readonly string[]>();
  const positionals: string[] = [];
  let terminator: number | undefined;
  for (const token of tokenize(args, table)) {
    if (token.kind === 'positional') positionals.push(token.value);
    else if (token.kind === 'option-terminator') terminator = positionals.length;
    else {
      const spec = specOf(token, table, command);
      if (spec.type === 'boolean') flags.set(token.name, readTruth(token.value, token.rawName));
      else texts.set(token.name, [...(texts.get(token.name) ?? []), valueOf(token, spec)]);
    }
  }
  return { flags, texts, positionals, terminator };
}

function tokenize(args: readonly string[], table: OptionTable) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }]),
  );
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true }).tokens;
}

function specOf({ name, rawName }: OptionToken, table: OptionTable, command: string): OptionSpec {
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  if (spec) return spec;
  const near = rawName.startsWith('--') ? nearest(name, Object.keys(table)) : undefined;
  const hint = near === undefined ? '' : ` Did you mean --${near}?`;
  throw usageError(
    `\`muster ${command}\` has no option ${rawName}.${hint} \`muster ${command} --help\` lists them; a text that begins with a dash goes after \`--\`.`,
  );
}

function valueOf({ value, inlineValue, rawName }: OptionToken, spec: OptionSpec): string {
  // `--agent --json` has forgotten a value; `--tail -1` has not.
  const isForgotten = value === undefined || (!inlineValue && /^-[^\d]/.test(value));
  if (!isForgotten) return value;
  throw usageError(
    `${rawName} needs a value (${spec.value ?? 'TEXT'}); one that begins with a dash is written ${rawName}=….`,
  );
}
