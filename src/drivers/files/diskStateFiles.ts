import { lstat, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { StateFiles, StoredFiles } from '../../core/retention/stateFiles.js';
import { systemCode } from '../../node/systemError.js';

/** What a host keeps on disk beside its database, below its state directory. */
export function createDiskStateFiles({ stateDir }: { readonly stateDir: string }): StateFiles {
  const listed = new Set<string>();
  const list = async (folder: string, wanted: (name: string) => boolean): Promise<readonly StoredFiles[]> => {
    const found: StoredFiles[] = [];
    for (const name of await namesIn(folder)) {
      if (!wanted(name)) continue;
      const files = await measure(join(folder, name), name);
      if (files) found.push(files);
    }
    for (const { path } of found) listed.add(path);
    return found;
  };
  return {
    runs: () => list(join(stateDir, 'runs'), () => true),
    rescue: id => measure(join(stateDir, 'rescues', id), id),
    async leftovers() {
      const folder = join(stateDir, 'worktrees');
      const found = [];
      for (const thread of await namesIn(folder)) {
        const files = await list(join(folder, thread), name => /\.(?:set-aside|removing)-/.test(name));
        found.push(...files.map(file => ({ ...file, thread })));
      }
      return found;
    },
    sandboxes: () => list(join(stateDir, 'sandboxes'), () => true),
    journals: () => list(join(stateDir, 'notebooks', 'cells'), () => true),
    setAsideDatabases: () => list(stateDir, name => /^muster\.db\.(?:corrupt|kept)-/.test(name)),
    // Versions before this one had them in the system's own folder for such files.
    scratch: async () => [
      ...(await list(stateDir, name => /^(?:message|muster-index)-/.test(name))),
      ...(await ownOf(await list(tmpdir(), name => /^muster-index-\w+$/.test(name)))),
    ],
    async remove({ path }) {
      if (!listed.has(path)) throw new Error(`${path} was not listed in ${dirname(path)}`);
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  });
}

/** The folder for scratch files is everybody's. */
async function ownOf(files: readonly StoredFiles[]): Promise<readonly StoredFiles[]> {
  const own = await Promise.all(
    files.map(async file => ({
      file,
      owner: await lstat(file.path).then(
        ({ uid }) => uid,
        () => undefined,
      ),
    })),
  );
  return own.filter(({ owner }) => owner === process.getuid?.()).map(({ file }) => file);
}

/** Bytes of everything in it, links not followed; undefined when it is gone. */
async function measure(path: string, name: string): Promise<StoredFiles | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return undefined;
  let bytes = found.size;
  if (found.isDirectory()) {
    for (const inner of await readdir(path).catch(() => []))
      bytes += (await measure(join(path, inner), inner))?.bytes ?? 0;
  }
  return { path, name, bytes, modifiedAt: found.mtimeMs };
}
