/** A file of another repository of a thread, as people are shown it: no path begins like this. */
export function inPart(repository: string, path: string): string {
  return `${repository}:${path}`;
}
