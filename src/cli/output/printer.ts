import { makeStyle, type Style } from './style.js';
import { jsonText, ownLine, PrintableStream } from './terminalText.js';

/** A stream that text goes to; `process.stdout` is one. */
export interface TextSink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string | Uint8Array): unknown;
}

/**
 * Standard output for results, standard error for progress and errors. On a terminal nothing that is printed moves the cursor,
 * sets a title or makes a link, whoever wrote it; a pipe or a file gets every byte as it is.
 */
export interface Printer {
  /** Result text; a line break follows. */
  line(text?: string): void;
  /** What agents and files say; byte for byte unless a terminal reads it. */
  raw(text: string | Uint8Array): void;
  /** Result as indented JSON. */
  json(value: unknown): void;
  /** Result as one line of JSON, for streams. */
  jsonLine(value: unknown): void;
  /** For people who wait; standard error, so that results stay clean. */
  note(text: string): void;
  /** The same for what agents say there. */
  rawNote(text: string | Uint8Array): void;
  readonly style: Style;
  /** Characters per line, or undefined when no terminal reads along. */
  readonly width: number | undefined;
}

/** Prints to two streams; colours only on a terminal that wants them. */
export function createPrinter(options: {
  readonly stdout: TextSink;
  /** Asked for when something is written to it: most commands have nothing to say there. */
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Printer {
  const { stdout, env } = options;
  const results = outlet(stdout);
  let opened: Outlet | undefined;
  const notes = (): Outlet => (opened ??= outlet(options.stderr));
  return {
    line: (text = '') => results.own(`${text}\n`),
    raw: results.foreign,
    json: value => void stdout.write(`${jsonText(JSON.stringify(value, null, 2))}\n`),
    jsonLine: value => void stdout.write(`${jsonText(JSON.stringify(value))}\n`),
    note: text => notes().own(`${text}\n`),
    rawNote: text => notes().foreign(text),
    style: makeStyle({ colour: wantsColour(stdout, env) }),
    width: stdout.isTTY ? (stdout.columns ?? 80) : undefined,
  };
}

interface Outlet {
  readonly own: (text: string) => void;
  readonly foreign: (text: string | Uint8Array) => void;
}

/** The one place that decides what reaches a terminal. */
function outlet(sink: TextSink): Outlet {
  if (!sink.isTTY) return { own: text => void sink.write(text), foreign: text => void sink.write(text) };
  const stream = new PrintableStream();
  return { own: text => void sink.write(ownLine(text)), foreign: text => void sink.write(stream.take(text)) };
}

/** `NO_COLOR` and `FORCE_COLOR` are what people set; see no-color.org and force-color.org. */
function wantsColour(stdout: TextSink, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0';
  return stdout.isTTY === true && env['TERM'] !== 'dumb';
}
