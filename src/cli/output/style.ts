/** Ways to set text apart on a terminal; without colours each returns its argument. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly attention: (text: string) => string;
  readonly accent: (text: string) => string;
}

export function makeStyle({ colour }: { readonly colour: boolean }): Style {
  const sgr = (on: number, off: number) => (text: string) =>
    colour && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    bad: sgr(31, 39),
    good: sgr(32, 39),
    attention: sgr(33, 39),
    accent: sgr(36, 39),
  };
}

/**
 * Text of agents and files made harmless for a terminal: control characters other than tab and line break are shown as
 * `\u{FFFD}`, so that no escape sequence moves the cursor, sets the title or writes the clipboard.
 */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text
    .replace(/\r\n/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** The same, on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}
