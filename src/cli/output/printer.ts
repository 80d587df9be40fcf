import { makeStyle, type Style } from './style.js';

/** A stream that text goes to; `process.stdout` is one. */
export interface TextSink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string | Uint8Array): unknown;
}

/** Standard output for results, standard error for progress and errors. */
export interface Printer {
  /** Result text; a line break follows. */
  line(text?: string): void;
  /** Result as it is. */
  raw(text: string | Uint8Array): void;
  /** Result as indented JSON. */
  json(value: unknown): void;
  /** Result as one line of JSON, for streams. */
  jsonLine(value: unknown): void;
  /** For people who wait; standard error, so that results stay clean. */
  note(text: string): void;
  /** The same as it is, without a line break. */
  rawNote(text: string | Uint8Array): void;
  readonly style: Style;
  /** Characters per line, or undefined when no terminal reads along. */
  readonly width: number | undefined;
}

/** Prints to two streams; colours only on a terminal that wants them. */
export function createPrinter({
  stdout,
  stderr,
  env,
}: {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Printer {
  return {
    line: (text = '') => void stdout.write(`${text}\n`),
    raw: text => void stdout.write(text),
    json: value => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    jsonLine: value => void stdout.write(`${JSON.stringify(value)}\n`),
    note: text => void stderr.write(`${text}\n`),
    rawNote: text => void stderr.write(text),
    style: makeStyle({ colour: wantsColour(stdout, env) }),
    width: stdout.isTTY ? (stdout.columns ?? 80) : undefined,
  };
}

/** `NO_COLOR` and `FORCE_COLOR` are what people set; see no-color.org and force-color.org. */
function wantsColour(stdout: TextSink, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0';
  return stdout.isTTY === true && env['TERM'] !== 'dumb';
}
