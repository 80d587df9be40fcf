import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { RunDirectory, RunDirectoryContents, RunExit } from '../../core/runs/runDirectory.js';
import type { RunFolders } from './runFolderWatches.js';
import { openForeignFileSync } from '../../node/foreignFile.js';
import { systemCode } from '../../node/systemError.js';
import { runFiles, runPath, unwritable, writeWhole } from '../../node/runFiles.js';
import { isIdentified, readExitRecord, readIdentity } from './runRecords.js';
import { firstFiles, type SpareRunFolders } from './spareRunFolders.js';

const plainName = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const reservedNames = new Set<string>(Object.values(runFiles));

/** The files of runs under `<stateDir>/runs`. */
export class DiskRunDirectory implements RunDirectory {
  readonly #folders: RunFolders;
  readonly #spares: SpareRunFolders;

  constructor(folders: RunFolders, spares: SpareRunFolders) {
    this.#folders = folders;
    this.#spares = spares;
  }

  path(run: RunId): string {
    return runPath(this.#folders.stateDir, run);
  }

  async create(run: RunId, contents: RunDirectoryContents): Promise<void> {
    const dir = this.path(run);
    for (const name of Object.keys(contents.files)) {
      if (!plainName.test(name) || reservedNames.has(name))
        throw new AppError(
          'internal',
          `A provider asked for a run file with the impossible name ${JSON.stringify(name)}.`,
          {
            detail: `file name ${name}`,
          },
        );
    }
    const texts: readonly (readonly [string, string])[] = [
      [runFiles.spec, JSON.stringify(contents.spec, undefined, 2)],
      [runFiles.prompt, contents.prompt],
      ...Object.entries(contents.files),
    ];
    try {
      // Synchronous on purpose: a dispatch waits for these few small files, and each of their system calls would take longer
      // through the thread pool than it takes.
      if (!this.#nameSpare(dir, texts)) {
        makeFolders(dir);
        for (const [name, text] of firstFiles) appendMissing(join(dir, name), text);
        for (const [name, text] of texts) writeWhole(join(dir, name), text);
      }
      if (contents.mail) {
        makeFolder(join(dir, runFiles.mail));
        appendFileSync(join(dir, runFiles.bell), '', { mode: 0o600 });
      }
    } catch (error) {
      throw unwritable(dir, error);
    }
  }

  /** Makes a spare folder the run's. False when there is none, or when an earlier host has begun the run's own. */
  #nameSpare(dir: string, texts: readonly (readonly [string, string])[]): boolean {
    const spare = this.#spares.take();
    if (spare === undefined) return false;
    try {
      for (const [name, text] of texts) writeFileSync(join(spare, name), text, { mode: 0o600 });
      makeFolder(dirname(dir));
      renameSync(spare, dir);
      return true;
    } catch {
      // Whatever it is, the usual way meets it too and says so.
      rmSync(spare, { recursive: true, force: true });
      return false;
    }
  }

  async exists(run: RunId): Promise<boolean> {
    return statSync(this.path(run), { throwIfNoEntry: false }) !== undefined;
  }

  async claimStart(run: RunId): Promise<'claimed' | 'given_up' | 'taken' | 'gone'> {
    const dir = this.path(run);
    try {
      mkdirSync(join(dir, runFiles.started), { mode: 0o700 });
      return 'claimed';
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return this.#isGivenUp(dir) ? 'given_up' : 'taken';
      if (systemCode(error) === 'ENOENT') return 'gone';
      throw unwritable(dir, error);
    }
  }

  /** Whoever wrote `pid` has begun, whatever has become of `started`. */
  #isGivenUp(dir: string): boolean {
    const started = lstatSync(join(dir, runFiles.started), { throwIfNoEntry: false });
    return started?.isDirectory() === true && !isIdentified(dir);
  }

  async readExit(run: RunId): Promise<RunExit | undefined> {
    return readExitRecord(this.path(run));
  }

  async waitForStart(run: RunId, signal: AbortSignal): Promise<void> {
    const dir = this.path(run);
    await this.#folders.watches.waitFor({
      run,
      files: [runFiles.pid, runFiles.exit],
      signal,
      look: () => readIdentity(dir) ?? readExitRecord(dir),
    });
    // Now there is time for the next one's.
    void this.#spares.fill();
  }

  async waitForExit(run: RunId, signal: AbortSignal): Promise<RunExit> {
    const dir = this.path(run);
    return this.#folders.watches.waitFor({ run, files: [runFiles.exit], signal, look: () => readExitRecord(dir) });
  }

  async stderrTail(run: RunId, maxBytes: number): Promise<string> {
    const opened = openForeignFileSync(join(this.path(run), runFiles.stderr));
    if (opened.kind !== 'file') return '';
    try {
      const { size } = opened.stats;
      const from = Math.max(0, size - maxBytes);
      const mask = this.#folders.maskOf(run);
      // The cut may go through a secret: its beginning must be seen to hide the rest.
      const seenFrom = Math.max(0, from - mask.reach);
      const seen = Buffer.alloc(size - seenFrom);
      const length = readSync(opened.file, seen, 0, seen.length, seenFrom);
      mask.hide(seen, 0, length);
      // A cut in the middle of a character would show as a replacement character that the agent never wrote.
      let start = from - seenFrom;
      while (from > 0 && start < from - seenFrom + 3 && ((seen[start] ?? 0) & 0xc0) === 0x80) start++;
      return seen.toString('utf8', start, length);
    } finally {
      closeSync(opened.file);
    }
  }

  async remove(run: RunId): Promise<void> {
    await rm(this.path(run), { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The files that every run has; what an earlier host began stays. */
function appendMissing(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** The run's folder and `runs` above it; the state directory itself is the host's. */
function makeFolders(dir: string): void {
  for (const folder of [dirname(dir), dir]) makeFolder(folder);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
