/** The variable that tells a run where its worktree of another repository is. */
export function repoVariable(name: string): string {
  return `MUSTER_REPO_${name.toUpperCase().replaceAll('-', '_')}`;
}
