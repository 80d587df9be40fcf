export type DotenvReading =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly line: number; readonly text: string };

const NAME = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*[=:][ \t]*/;

/**
 * Reads an env file: `NAME=value`, `export NAME=value`, `NAME: value`; `#` comments; single quotes (as written),
 * double quotes (`\n`, `\"`, `\\`, `\$` and `${NAME}` of the same file), both over several lines.
 */
export function readDotenv(source: string): DotenvReading {
  const values = new Map<string, string>();
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  let at = 0;
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  while (at < text.length) {
    const lineEnd = endOfLine(text, at);
    const line = text.slice(at, lineEnd);
    const indent = line.length - line.trimStart().length;
    if (line.trim() === '' || line.trim().startsWith('#')) {
      at = lineEnd + 1;
      continue;
    }
    const match = NAME.exec(line.trimStart());
    const name = match?.[1];
    if (!match || name === undefined) return { ok: false, line: lineAt(at), text: 'expected NAME=value' };
    const start = at + indent + match[0].length;
    const quote = text[start];
    if (quote === '"' || quote === "'") {
      const end = closingQuote(text, start, quote);
      if (end < 0) return { ok: false, line: lineAt(at), text: `the value of ${name} has no closing ${quote}` };
      const rest = text.slice(end + 1, endOfLine(text, end));
      if (!/^\s*(#.*)?$/.test(rest))
        return { ok: false, line: lineAt(end), text: `unexpected text after the value of ${name}` };
      const inside = text.slice(start + 1, end);
      values.set(name, quote === "'" ? inside : expand(unescape(inside), values));
      at = endOfLine(text, end) + 1;
    } else {
      const bare = text
        .slice(start, lineEnd)
        .replace(/(^|\s)#.*$/, '')
        .trim();
      values.set(name, expand(bare, values));
      at = lineEnd + 1;
    }
  }
  return { ok: true, values };
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
    // Kept for `expand`, which takes the backslash away.
    return escaped === '$' ? whole : escaped;
  });
}

function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(
    /(\\)?\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z_][A-Za-z0-9_]*))/g,
    (whole, escaped: string | undefined, braced: string | undefined, plain: string | undefined) =>
      escaped === undefined ? (values.get(braced ?? plain ?? '') ?? '') : whole.slice(1),
  );
}
