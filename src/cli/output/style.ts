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
