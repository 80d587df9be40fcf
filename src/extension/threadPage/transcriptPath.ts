import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';

/**
 * Where a path that an agent wrote may be on this disk, best guess first; only inside the given folders. An absolute path
 * of a worktree that is gone, or of a guest's `/workspace`, is looked for by its tail.
 */
export function candidatePaths(path: string, roots: readonly string[]): readonly string[] {
  const found: string[] = [];
  const add = (candidate: string): void => {
    if (!found.includes(candidate)) found.push(candidate);
  };
  const within = (root: string, candidate: string): boolean => {
    const rest = relative(root, candidate);
    return rest !== '' && rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest);
  };
  if (path.includes('\0')) return found;
  if (isAbsolute(path) || posix.isAbsolute(path)) {
    const absolute = resolve(path);
    for (const root of roots) if (within(root, absolute)) add(absolute);
    const names = path.split(/[/\\]/).filter(name => name !== '' && name !== '.' && name !== '..');
    for (let i = 1; i < names.length; i++) {
      for (const root of roots) add(join(root, ...names.slice(i)));
    }
    return found;
  }
  for (const root of roots) {
    const candidate = resolve(root, path);
    if (within(root, candidate)) add(candidate);
  }
  return found;
}
