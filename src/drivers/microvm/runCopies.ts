import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../base/clock.js';
import type { RunId } from '../../base/ids.js';
import type { SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { removeWhole } from '../../node/removeTree.js';
import { runFiles, runPath } from '../../node/runFiles.js';
import { systemCode } from '../../node/systemError.js';
import type { FarContainer, FarProgram } from '../guests/farContainer.js';
import { copyTree } from '../guests/copyTree.js';
import { guestMount, sandboxFolder, type GuestMount } from '../guests/guestFolders.js';
import { guestPaths, guestRunDir } from '../guests/guestPaths.js';
import { packFolder } from '../guests/packFolder.js';
import { packing, type Packed } from '../guests/packing.js';
import { isGuestProgram } from '../guests/runArchive.js';
import { isBlank } from '../guests/runMirror.js';

const pauseMs = 200;
/** A machine is asked by a command inside; that a run has ended is in a file here. */
const askMs = 2_000;
const pieceBytes = 64 * 1024;
/** Where a machine has what is in one folder of this machine, and what leads there. */
const filesInside = '/muster/files';
const linked = ['home', 'git', 'objects', 'programs'];

/** Where the copies of a run are on this machine: the files that it works on, and its directory. */
export interface CopyPlace {
  readonly top: string;
  readonly files: string;
  readonly run: string;
}

export function copyPlace(stateDir: string, sandbox: SandboxSpec['id'], run: RunId): CopyPlace {
  const top = join(sandboxFolder(stateDir, sandbox), 'copies', run);
  return { top, files: join(top, 'files'), run: join(top, 'run') };
}

/**
 * For machines that take two folders: copies of all that a run needs, in two. What is in the second of them leads nowhere else, because a
 * machine could put links in the place of folders that are in the first. Errors: those of copying.
 */
export async function makeCopies(
  { run, directory }: SandboxLaunch,
  spec: SandboxSpec,
  { stateDir, programs }: { readonly stateDir: string; readonly programs: string },
  signal: AbortSignal,
): Promise<readonly GuestMount[]> {
  const copy = async (from: string, to: string): Promise<void> => await copyTree(from, to, { signal });
  const place = copyPlace(stateDir, spec.id, run);
  const { git, folder } = spec.workspace;
  await removeWhole(place.top);
  makePrivateDirectory(place.top);
  for (const name of ['workspace', ...linked]) await mkdir(join(place.files, name), { recursive: true });
  const workspace = join(place.files, 'workspace');
  await copyTree(folder, workspace, { signal, isWanted: path => path !== join(folder, '.git') });
  if (git) {
    await writeFile(join(workspace, '.git'), `gitdir: ${guestPaths.gitDir}\n`);
    await copy(git.gitDir, join(place.files, 'git'));
    for (const [index, objects] of git.objects.entries())
      await copy(objects, join(place.files, 'objects', String(index)));
  }
  await copy(join(sandboxFolder(stateDir, spec.id), 'home'), join(place.files, 'home'));
  for (const name of (await readdir(programs)).filter(isGuestProgram))
    await copy(join(programs, name), join(place.files, 'programs', name));
  await copy(directory ?? runPath(stateDir, run), place.run);
  return [guestMount(place.files, filesInside), guestMount(place.run, guestRunDir(run))];
}

/** Puts into a machine what leads from where everything is looked for to where it is. */
export const layOut = [
  '/bin/sh',
  '-c',
  String.raw`
for muster_name in "$@"; do
  [ -e "/muster/$muster_name" ] || ln -s "files/$muster_name" "/muster/$muster_name" || exit 1
done
if [ ! -L ${guestPaths.workspace} ]; then
  rmdir ${guestPaths.workspace} 2>/dev/null || [ ! -e ${guestPaths.workspace} ] || mv ${guestPaths.workspace} ${guestPaths.workspace}.image || exit 1
  ln -s ${filesInside}/workspace ${guestPaths.workspace} || exit 1
fi
mkdir -p /tmp && chmod 1777 /tmp
`,
  'layout',
  ...linked,
] as const;

/** Its relay listens. */
export const relayMark = '/muster/relay';

/** The copies of a run as whoever follows runs elsewhere reads them: nothing that a machine writes leads out of them. */
export function copiedContainer(options: {
  readonly place: CopyPlace;
  readonly run: RunId;
  readonly clock: Clock;
  readonly isRunning: () => Promise<boolean>;
  readonly begin: (command: readonly string[]) => Promise<FarProgram>;
}): FarContainer {
  const { place, run, clock, isRunning, begin } = options;
  const runDir = guestRunDir(run);
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    relayMark,
    async isRunning() {
      if (!isBlank(join(place.run, runFiles.exit))) return false;
      if (clock.awake() - askedAt < askMs) return true;
      askedAt = clock.awake();
      return await isRunning();
    },
    untilNextLook: signal => clock.sleep(pauseMs, signal),
    async tar(path) {
      if (path.startsWith(`${runDir}/`)) return await fileTar(join(place.run, posix.basename(path)));
      const name = path === guestPaths.workspace ? 'workspace' : posix.basename(path);
      return await folderTar(join(place.files, name), name);
    },
    begin,
    async tail(path, from) {
      const ended = new AbortController();
      const output = Readable.from(grown(join(place.run, posix.basename(path)), { from, clock, signal: ended.signal }));
      return {
        output,
        end: () => {
          ended.abort();
          output.destroy();
        },
      };
    },
  };
}

async function folderTar(folder: string, name: string): Promise<Readable | undefined> {
  // A machine may have put something else in its place.
  const stats = await lstat(folder).catch(unlessMissing);
  if (stats?.isDirectory() !== true) return undefined;
  return readable(packing(archive => packFolder({ archive, folder, as: `${name}/` })));
}

async function fileTar(path: string): Promise<Readable | undefined> {
  const file = await openPlain(path);
  if (!file) return undefined;
  const { size } = await file.stat();
  const name = basename(path);
  return readable(
    packing(async archive => {
      try {
        if (size === 0) return void archive.entry({ name, size });
        await pipeline(
          file.createReadStream({ start: 0, end: size - 1, autoClose: false }),
          archive.entry({ name, size }),
        );
      } finally {
        await file.close();
      }
    }),
  );
}

function readable({ archive, abortSignal }: Packed): Readable {
  // Whoever reads it hears why it ends early.
  abortSignal.addEventListener('abort', () => {
    const { reason }: { readonly reason: unknown } = abortSignal;
    archive.destroy(reason instanceof Error ? reason : new Error('it cannot be read', { cause: reason }));
  });
  return archive;
}

/** What a file gets beyond `from`, until nobody wants it any more. */
async function* grown(
  path: string,
  { from, clock, signal }: { readonly from: number; readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<Buffer> {
  for (let at = from; !signal.aborted;) {
    const bytes = await readFrom(path, at);
    at += bytes.length;
    if (bytes.length > 0) yield bytes;
    else await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

async function readFrom(path: string, at: number): Promise<Buffer> {
  const file = await openPlain(path);
  if (!file) return Buffer.alloc(0);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(pieceBytes), 0, pieceBytes, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A file, and nothing that stands in its place. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if (systemCode(error) === 'ELOOP') return undefined;
    return unlessMissing(error);
  });
  if (!file || (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

function unlessMissing(error: unknown): undefined {
  if (systemCode(error) === 'ENOENT') return undefined;
  throw error;
}
