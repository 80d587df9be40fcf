/** Files as people count them: `part-2` before `part-10`. The same wherever files are listed. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path.localeCompare(b.path, undefined, { numeric: true });
}
