import { createReadStream } from 'node:fs';
import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import dockerignore, { type Ignore } from '@balena/dockerignore';
import { pack, type Pack } from 'tar-stream';

/** What the engine must have whatever `.dockerignore` says. */
const ignoreFile = '.dockerignore';

/**
 * The files of a build as the engine takes them: a tar of the folder without what its `.dockerignore` names. Links are packed as
 * links, so that nothing outside of the folder is sent.
 */
export async function buildContext(folder: string, dockerfile: string): Promise<Pack> {
  const rules = await readFile(join(folder, ignoreFile), 'utf8').catch(() => '');
  const ignore = dockerignore.default({ ignorecase: false }).add(rules);
  const archive = pack();
  const needed = new Set([ignoreFile, posix.normalize(dockerfile)]);
  const isWanted = (path: string): boolean => needed.has(path) || !ignore.ignores(path);
  void addFolder({ archive, folder, isWanted, isEntered: enters(ignore, rules) }, '').then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : undefined),
  );
  return archive;
}

interface Packing {
  readonly archive: Pack;
  readonly folder: string;
  readonly isWanted: (path: string) => boolean;
  readonly isEntered: (path: string) => boolean;
}

/** A folder that is ignored is looked into all the same where a rule takes something back. */
function enters(ignore: Ignore, rules: string): (path: string) => boolean {
  const takesBack = rules.split('\n').some(line => line.trim().startsWith('!'));
  return path => takesBack || !ignore.ignores(path);
}

async function addFolder(packing: Packing, inside: string): Promise<void> {
  const names = await readdir(join(packing.folder, inside));
  for (const name of names.toSorted()) await addPath(packing, inside === '' ? name : `${inside}/${name}`);
}

async function addPath(packing: Packing, path: string): Promise<void> {
  const { archive, folder, isWanted, isEntered } = packing;
  const place = join(folder, path);
  const stats = await lstat(place);
  const common = { name: path, mode: stats.mode & 0o7777, mtime: stats.mtime };
  if (stats.isDirectory()) {
    if (isWanted(path)) await entry(archive, { ...common, type: 'directory' });
    if (isEntered(path)) await addFolder(packing, path);
  } else if (!isWanted(path)) return;
  else if (stats.isSymbolicLink())
    await entry(archive, { ...common, type: 'symlink', linkname: await readlink(place) });
  else if (stats.isFile() && stats.size === 0) await entry(archive, { ...common, size: 0 });
  else if (stats.isFile()) {
    const { size } = stats;
    // A file that grows meanwhile is sent as long as it was.
    await pipeline(createReadStream(place, { end: size - 1 }), archive.entry({ ...common, size }));
  }
}

async function entry(archive: Pack, header: Parameters<Pack['entry']>[0]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  archive.entry(header, error => (error ? reject(error) : resolve()));
  await promise;
}
