import { expandVariables } from './expansion.js';

export interface DotenvReading {
  /** Of all lines that are right. */
  readonly values: ReadonlyMap<string, string>;
  /** Lines that are not, and what is wrong with each. */
  readonly problems: readonly DotenvProblem[];
  /** What is probably not meant, such as a name that nothing defines. */
  readonly warnings: readonly DotenvProblem[];
}

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
 * A line that is none of that is named, and the rest goes on below it.
 */
export function readDotenv(
  source: string,
  lookUp: (name: string) => string | undefined = () => undefined,
): DotenvReading {
  const values = new Map<string, string>();
  const problems: DotenvProblem[] = [];
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
    if (!match || name === undefined) {
      problems.push({ line: lineAt(at), text: 'expected NAME=value' });
      at += line.length + 1;
      continue;
    }
    const value = readValue(text, at + indent + match[0].length, name);
    if ('problem' in value) {
      problems.push({ line: lineAt(value.at), text: value.problem });
      at = endOfLine(text, value.at) + 1;
      continue;
    }
    const expansion = value.expands
      ? expandVariables(value.text, key => values.get(key) ?? lookUp(key))
      : { text: value.text, unset: [] };
    if (expansion.refused !== undefined) problems.push({ line: lineAt(at), text: expansion.refused });
    else values.set(name, expansion.text);
    for (const unset of expansion.unset) {
      warnings.push({ line: lineAt(at), text: `${unset} in the value of ${name} is not set; it is left empty` });
    }
    at = value.end + 1;
  }
  return { values, problems, warnings };
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
