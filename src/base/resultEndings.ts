/** File name endings of a notebook's results that are no plain text, the best kind first. */
export const resultEndings: ReadonlyMap<string, string> = new Map([
  ['image/png', 'png'],
  ['image/jpeg', 'jpg'],
  ['image/gif', 'gif'],
  ['image/svg+xml', 'svg'],
  ['application/pdf', 'pdf'],
  ['application/json', 'json'],
  ['text/html', 'html'],
]);
