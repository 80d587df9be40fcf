import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rescue } from '../../../core/workspaces/rescue.js';
import type { Removal } from '../../../core/workspaces/worktreeOperation.js';
import type { GitContext } from '../command/gitContext.js';

const prefix = 'refs/muster/rescue/';

/** Folders in an archive: what a worktree's own file of the same name stays for, and what replaces it. */
export const archiveFolders = { files: 'files', work: 'work', modules: 'modules', git: 'git' } as const;

/** True for names under which rescues are, and only those. */
export function isRescueRef(ref: string): boolean {
  return ref.startsWith(prefix) && !/[*?[\\^~:\s\0]|\.\.|\/\/|\/$|^$/.test(ref.slice(prefix.length));
}

/** Everything of a rescue that is not in git: a folder named after its id, below the state directory. */
export function rescueFolder({ stateDir }: GitContext, { id }: Pick<Rescue, 'id'>): string {
  return join(stateDir, 'rescues', id);
}

export function archivePath(context: GitContext, rescue: Pick<Rescue, 'id'>): string {
  return join(rescueFolder(context, rescue), 'files.tar.gz');
}

/** Where versions that kept their records in the ref put what belongs to it: named after the ref, which the database has. */
export function earlierPlaces(
  { stateDir }: GitContext,
  ref: string,
): { readonly archive: string; readonly modules: string } {
  const name = join(stateDir, 'rescues', ref.slice(prefix.length).replaceAll('/', '-'));
  return { archive: `${name}.tar.gz`, modules: `${name}.submodules` };
}

/** The worktree's folder while its work is read. */
export function asidePath({ worktree, rescue }: Removal): string {
  return `${worktree.path}.removing-${rescue}`;
}

/** Why a worktree is locked while it is removed. */
export function removalReason({ rescue }: Removal): string {
  return `Muster is removing this worktree (${rescue})`;
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile(),
    () => false,
  );
}
