/** Oldest Node that the bundles run on. */
export const oldestNodeMajor = 22;

/** What to tell a person whose Node is older; undefined when it is not. `version` is that of `process.versions.node`. */
export function oldNodeText(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= oldestNodeMajor) return undefined;
  return (
    `Muster needs Node ${oldestNodeMajor} or newer; this is Node ${version}. ` +
    'Use a newer one, or the `muster` command that the extension puts into VS Code’s terminals.'
  );
}
