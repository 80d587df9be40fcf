import { readFileSync } from 'node:fs';
import { readFile, readdir, readlink, realpath } from 'node:fs/promises';
import { namesIn } from './looks.js';

/** Who has a file open: a process of this user, nobody, or `unknown` where the system does not tell. */
export type FileHolder = { readonly pid: number; readonly name: string } | 'nobody' | 'unknown';

/** Looks through this user's processes for one that has the file open. Only Linux tells. */
export async function whoHasOpen(path: string): Promise<FileHolder> {
  const wanted = await realpath(path).catch(() => path);
  const processes = await readdir('/proc').catch(() => undefined);
  if (processes === undefined) return 'unknown';
  for (const pid of processes) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of await namesIn(`/proc/${pid}/fd`)) {
      const open = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (open !== wanted) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process');
      return { pid: Number(pid), name: name.trim() };
    }
  }
  return 'nobody';
}

/** Every process of this user with the folder that it works in, links resolved. None where the system does not tell. */
export async function workingProcesses(): Promise<{ pid: number; name: string; folder: string }[]> {
  const found: { pid: number; name: string; folder: string }[] = [];
  for (const pid of await namesIn('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    // Another user's, or gone meanwhile.
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    const name = folder === undefined ? undefined : await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined);
    if (folder !== undefined && name !== undefined) found.push({ pid: Number(pid), name: name.trim(), folder });
  }
  return found;
}

/** True if a program of this name works in one of the folders or below. False also where the system does not tell. */
export async function worksIn(name: string, folders: readonly string[]): Promise<boolean> {
  const wanted = await Promise.all(folders.map(folder => realpath(folder).catch(() => folder)));
  const programs = (await workingProcesses()).filter(process => process.name.startsWith(name));
  return programs.some(({ folder: cwd }) => wanted.some(folder => cwd === folder || cwd.startsWith(`${folder}/`)));
}

/** Where a system does not tell, as few as any of them allows a program that asks for more, as Node does. */
const allowedAnywhere = 4_096;

/** How many files and connections this process may have open at once. */
export function mostOpenFiles(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? allowedAnywhere : Number(soft);
  } catch {
    return allowedAnywhere;
  }
}
