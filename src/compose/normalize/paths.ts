/** `./a//b/../c/` → `a/c`; nothing left is `.`. A path that climbs out keeps its `..`. */
export function cleanRelativePath(path: string): string {
  const steps = stepsOf(path);
  return steps.length === 0 ? '.' : steps.join('/');
}

/** The path below a folder, or the path itself when it is absolute, without `.`, `..` and doubled slashes. */
export function cleanAbsolutePath(folder: string, path: string): string {
  return `/${stepsOf(path.startsWith('/') ? path : `${folder}/${path}`, { absolute: true }).join('/')}`;
}

function stepsOf(path: string, { absolute = false }: { readonly absolute?: boolean } = {}): readonly string[] {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue;
    const last = steps.at(-1);
    if (step !== '..' || (last === undefined && !absolute) || last === '..') steps.push(step);
    else steps.pop();
  }
  return steps;
}
