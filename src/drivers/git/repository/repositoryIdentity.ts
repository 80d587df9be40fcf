import { stat } from 'node:fs/promises';

/**
 * The common directory's number on its disk, with the moment of its making: numbers are given away again, and devices change
 * theirs when a machine starts. It stays through every rename and changes with every copy.
 */
export async function repositoryIdentity(commonDir: string): Promise<string | undefined> {
  // Moved, deleted or on a disk that is not there: it has no identity now.
  const found = await stat(commonDir, { bigint: true }).catch(() => undefined);
  if (!found?.isDirectory()) return undefined;
  const { ino, birthtimeNs, dev } = found;
  return birthtimeNs > 0n ? `${ino}@${birthtimeNs}` : `${ino}/${dev}`;
}
