import { expandVariables } from './expansion.js';

export type DotenvReading =
  | {
      readonly ok: true;
      readonly values: ReadonlyMap<string, string>;
      /** What is probably not meant, such as a name that nothing defines. */
      readonly warnings: readonly DotenvProblem[];
    }
  | ({ readonly ok: false } & DotenvProblem);

export interface DotenvProblem {
  readonly line: number;
  readonly text: string;
}

const NAME = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*[=:][ \t]*/;

/** A value as it stands, before variables in it are replaced. */
interface WrittenValue {
  readonly text: string;
  readonly expands: boolean;
  /** Where its line ends. */
  readonly end: number;
}

/**
 * Reads an env file: `NAME=value`, `export NAME=value`, `NAME: value`; `#` comments, at the start of a line or after a space;
 * single quotes (as written) and double quotes (`\n`, `\"`, `\\`, `\$`), both over several lines. Outside of single
 * quotes variables are replaced as {@link expandVariables} says, from what stands above in the file and then from `lookUp`.
 */
export function readDotenv(
  source: string,
  lookUp: (name: string) => string | undefined = () => undefined,
): DotenvReading {
  const values = new Map<string, string>();
  const warnings: DotenvProblem[] = [];
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  for (let at = 0; at < text.length;) {
    const line = text.slice(at, endOfLine(text, at));
    if (/^\s*(#.*)?$/.test(line)) {
      at += line.length + 1;
      continue;
    }
    const indent = line.length - line.trimStart().length;
    const match = NAME.exec(line.trimStart());
    const name = match?.[1];
    if (!match || name === undefined) return { ok: false, line: lineAt(at), text: 'expected NAME=value' };
    const value = readValue(text, at + indent + match[0].length, name);
    if ('problem' in value) return { ok: false, line: lineAt(value.at), text: value.problem };
    const expansion = value.expands
      ? expandVariables(value.text, key => values.get(key) ?? lookUp(key))
      : { text: value.text, unset: [] };
    if (expansion.refused !== undefined) return { ok: false, line: lineAt(at), text: expansion.refused };
    for (const unset of expansion.unset) {
      warnings.push({ line: lineAt(at), text: `${unset} in the value of ${name} is not set; it is left empty` });
    }
    values.set(name, expansion.text);
    at = value.end + 1;
  }
  return { ok: true, values, warnings };
}

function readValue(
  text: string,
  start: number,
  name: string,
): WrittenValue | { readonly problem: string; readonly at: number } {
  const quote = text[start];
  if (quote !== '"' && quote !== "'") {
    const end = endOfLine(text, start);
    // After a space it is a comment, after the equals sign a colour.
    const isComment = quote === '#' && /\s/.test(text[start - 1] ?? '');
    return {
      text: isComment
        ? ''
        : text
            .slice(start, end)
            .replace(/\s#.*$/, '')
            .trim(),
      expands: true,
      end,
    };
  }
  const close = closingQuote(text, start, quote);
  if (close < 0) return { problem: `the value of ${name} has no closing ${quote}`, at: start };
  const end = endOfLine(text, close);
  if (!/^\s*(#.*)?$/.test(text.slice(close + 1, end)))
    return { problem: `unexpected text after the value of ${name}`, at: close };
  const inside = text.slice(start + 1, close);
  return quote === "'" ? { text: inside, expands: false, end } : { text: unescape(inside), expands: true, end };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

function closingQuote(text: string, open: number, quote: string): number {
  for (let index = open + 1; index < text.length; index++) {
    if (text[index] === '\\' && quote === '"') index++;
    else if (text[index] === quote) return index;
  }
  return -1;
}

function unescape(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, escaped: string) => {
    if (escaped === 'n') return '\n';
    if (escaped === 'r') return '\r';
    if (escaped === 't') return '\t';
    // Kept for the expansion, which takes the backslash away.
    return escaped === '$' ? whole : escaped;
  });
}
