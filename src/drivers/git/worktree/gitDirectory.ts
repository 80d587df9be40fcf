import { realpath, stat } from 'node:fs/promises';

/** True if both name the same place, links resolved. */
export async function isSamePath(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  // A path that leads nowhere is compared as it stands.
  const [realA, realB] = await Promise.all([realpath(a).catch(() => a), realpath(b).catch(() => b)]);
  return realA === realB;
}

export async function exists(path: string | Buffer): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
